/** Whoever is logged in on this machine: the name that decisions at the command line are kept under. */
import { userInfo } from 'node:os'

/** The name of the account that the process runs under; its number where the system has no name for it. */
export function localUser(): string {
  try {
    return userInfo().username
  } catch {
    // As in a container that runs under a number of its own.
    return `uid ${process.getuid?.() ?? 'unknown'}`
  }
}
