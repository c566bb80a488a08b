/** What is wrong with the id of an account that must own a bucket. */
export const ownerFault = (id: string): string | undefined => (/^\d{12}$/.test(id) ? undefined : "must be the 12 digits of an account id.")
