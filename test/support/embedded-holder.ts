/**
 * A process that holds the embedded server of the home given as its argument: it prints the URL, and
 * gives the server up when its standard input ends.
 */
import { startEmbedded } from '../../src/db/embedded/embedded.ts'
import { makeLogger } from '../../src/log.ts'

const [home] = process.argv.slice(2)
const server = await startEmbedded(home, makeLogger({ level: 'warn', format: 'json' }))
process.stdout.write(`${server.url}\n`)
process.stdin.resume()
process.stdin.once('end', () => server.release())
