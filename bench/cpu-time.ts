/** Processor time, which says what work costs however busy a machine is. From Linux; NaN elsewhere. */
import { readdirSync, readFileSync } from 'node:fs'
import type { Pool } from '../src/db/connect.ts'

/** Seconds of user and system time that a process has taken so far. */
export function cpuSecondsOf(pid: number): number {
  const fields = statOf(pid)
  return fields === null ? Number.NaN : ticks(fields, 11) + ticks(fields, 12)
}

/** Makes a reader of the time that all processes of a database server on this machine have taken so far. */
export async function databaseCpu(pool: Pool): Promise<() => number> {
  const { rows } = await pool.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')
  const backend = statOf(rows[0]!.pid)
  if (backend === null) return () => Number.NaN
  const postmaster = Number(backend[1])
  return () => {
    const own = statOf(postmaster)!
    const pids = readdirSync('/proc').map(Number).filter(Number.isInteger)
    const children = pids.map(statOf).filter((fields) => Number(fields?.[1]) === postmaster)
    const times = children.map((fields) => ticks(fields!, 11) + ticks(fields!, 12))
    // Its own, and that of children that have ended.
    return sumOf([11, 12, 13, 14].map((field) => ticks(own, field))) + sumOf(times)
  }
}

function sumOf(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}

/** The fields of /proc/PID/stat after the name, which may hold blanks; null where there is no such process. */
function statOf(pid: number): readonly string[] | null {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ')
  } catch {
    return null
  }
}

/** A field that counts hundredths of seconds, in seconds. */
function ticks(fields: readonly string[], field: number): number {
  return Number(fields[field]) / 100
}
