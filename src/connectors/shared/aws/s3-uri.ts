/** A bucket's name and a folder in it (docs, Amazon S3, General purpose bucket naming rules). */
const S3_URI = /^s3:\/\/(?!\d+\.\d+\.\d+\.\d+(\/|$))[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](\/[^?#]*)?$/

/** What is wrong with an S3 URI, in words that follow the field's name. */
export const s3UriFault = (uri: string): string | undefined =>
  S3_URI.test(uri) && !uri.includes("..") && !/\p{Cc}/u.test(uri) ? undefined : "must be an S3 URI such as s3://bucket/folder/."
