/** The store's log for its operator; pino's loggers implement it. */
export interface Log {
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
}
