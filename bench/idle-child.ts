/** A process that does nothing: how late it is, is what the machine does to everybody. See api-server.ts. */
import { createInterface } from 'node:readline'
import { watchEventLoop } from './event-loop.ts'

const delayOf = watchEventLoop()
console.log('http://nowhere')
for await (const _line of createInterface(process.stdin)) console.log(JSON.stringify(delayOf()))
