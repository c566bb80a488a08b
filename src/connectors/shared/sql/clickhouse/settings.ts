/** Settings by their names, and other parameters of a request. */
export type Settings = Readonly<Record<string, string>>

/** Settings that make answers exact, whatever the user's profile says. */
const WRITTEN = {
  bool_true_representation: "true",
  bool_false_representation: "false",
  date_time_output_format: "iso",
  format_custom_escaping_rule: "Escaped",
  format_custom_field_delimiter: "\t",
  format_custom_row_before_delimiter: "",
  format_custom_row_after_delimiter: "\n",
  format_custom_row_between_delimiter: "",
  format_custom_result_before_delimiter: "",
  format_tsv_null_representation: "\\N",
  json_type_escape_dots_in_keys: "1",
  output_format_decimal_trailing_zeros: "1",
  output_format_json_quote_64bit_integers: "0",
  output_format_tsv_crlf_end_of_line: "0",
} as const

/** For statements that only read: nothing can be changed, table functions open no connections, and closing the answer ends the statement. */
export const READING: Settings = {
  ...WRITTEN,
  readonly: "1",
  cancel_http_readonly_queries_on_client_close: "1",
  extremes: "0",
  http_write_exception_in_output_format: "0",
}

/** For INSERT: rows are there when the answer comes, none is dropped as equal to an earlier one, and none is changed to fit. */
export const WRITING: Settings = {
  async_insert: "0",
  date_time_input_format: "best_effort",
  deduplicate_insert: "disable",
  format_tsv_null_representation: "\\N",
  input_format_allow_errors_num: "0",
  input_format_allow_errors_ratio: "0",
  input_format_null_as_default: "0",
  input_format_tsv_detect_header: "0",
  input_format_tsv_empty_as_default: "0",
  input_format_tsv_enum_as_number: "0",
  insert_deduplicate: "0",
  json_type_escape_dots_in_keys: "1",
}

/** For other changes: they are done when the answer comes. */
export const CHANGING: Settings = { alter_sync: "1", lightweight_deletes_sync: "2", mutations_sync: "2" }

/** What the settings of an answer's end and of compression are called. */
export const END = "format_custom_result_after_delimiter"
export const COMPRESSION = "enable_http_compression"

export const NAMES: readonly string[] = [...new Set([...Object.keys(READING), ...Object.keys(WRITING), ...Object.keys(CHANGING), END, COMPRESSION])]
