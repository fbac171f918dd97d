/** How the collector of garbage is told of the way a backfill uses memory. */
import { setFlagsFromString } from 'node:v8'

/**
 * Lets the heap grow to six times what is in use before all of it is looked through, in place of some twice. A
 * backfill keeps about 16 MB and throws away some 6 MB of buffers with each answer, so that the collector
 * otherwise runs at every third answer and takes a third of the processor time (docs/performance.md). For the
 * rest of the life of the process, and so for a process that does this alone.
 */
export function expectShortLivedMemory(): void {
  setFlagsFromString('--heap-growing-percent=500')
}
