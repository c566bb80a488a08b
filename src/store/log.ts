/** What the store tells its operator; pino's loggers are one. */
export interface Log {
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
}
