/**
 * What Stockyard knows of one exchange's trading hours. A calendar is made by rule and exception
 * (one file an exchange, one line in registry.ts), answers without I/O, and is safe in hot loops.
 * Days are dates as numbers (see domain/date.ts); instants are milliseconds in UTC.
 */

export interface Session {
  /** The session's date on the exchange. */
  readonly day: number
  /** Regular trading, [open, close). */
  readonly open: number
  readonly close: number
  /** Pauses inside regular trading, each [start, end); empty where there is none. */
  readonly breaks: readonly (readonly [number, number])[]
  /** The widest window in which bars may start, pre- and post-market included. */
  readonly extendedOpen: number
  readonly extendedClose: number
  /** True on a day that closes earlier than usual. */
  readonly early: boolean
}

export interface Calendar {
  /** ISO 10383 market identifier code, e.g. `XNYS`. */
  readonly exchange: string
  readonly name: string
  /** IANA zone in which its hours are written. */
  readonly timeZone: string
  /** First day for which the calendar is known to be right. */
  readonly firstDay: number
  /**
   * Last day whose holidays are known for certain; later ones are by rule where moon and statute decide
   * each year anew. Infinity where the rules hold until they are changed.
   */
  readonly knownUntil: number
  /** The session of a date, or null where the exchange is closed that day. */
  session(day: number): Session | null
  /** Sessions with from <= day < until, in order. */
  sessions(from: number, until: number): Session[]
  /** How many sessions have from <= day < until. */
  countSessions(from: number, until: number): number
  /** The exchange's date of an instant. */
  localDay(instant: number): number
  /** The instant of a wall-clock time on a date: `minutes` after that date's midnight there. */
  instantAt(day: number, minutes: number): number
  /** The session in whose extended window an instant falls, or null. */
  sessionAt(instant: number): Session | null
  /** True while regular trading is on. */
  isOpen(instant: number): boolean
  /** The first session whose regular open is after the instant. */
  nextSession(instant: number): Session
  /** The last session whose regular close is at or before the instant. */
  lastClosed(instant: number): Session
}
