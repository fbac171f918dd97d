#!/usr/bin/env node
// The launcher. Stockyard needs Node 24; where the Node that runs this is older, the one that is
// pinned as a package takes over. Plain JavaScript, so that any Node can read it.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import module, { createRequire } from 'node:module'
import { constants, homedir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'

const NODE_MAJOR_LEAST = 24

/** Path of the pinned Node, or undefined where its package is not installed. */
function findPinnedNode() {
  const require = createRequire(import.meta.url)
  try {
    const manifest = require.resolve(`node-${process.platform}-${process.arch}/package.json`)
    const binary = join(manifest, '..', 'bin', 'node')
    return existsSync(binary) ? binary : undefined
  } catch {
    return undefined
  }
}

/** Hands over to another Node: same arguments, streams, signals and exit code. */
function handOver(binary) {
  const child = spawn(binary, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], {
    // The channel carries nothing: by its end the child knows that this process was killed.
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    env: { ...process.env, STOCKYARD_LAUNCHED: '1' },
  })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT']) {
    process.on(signal, () => child.kill(signal))
  }
  child.on('error', (error) => {
    console.error(`error: ${binary} could not be started: ${error.message}.`)
    console.error('hint: Run npm ci again, or use Node 24 or newer.')
    process.exitCode = 3
  })
  child.on('exit', (code, signal) => {
    process.exit(code ?? 128 + (constants.signals[signal] ?? 0))
  })
}

/** Ends this process at once when the launcher above it is gone, as if it had been killed itself. */
function dieWithLauncher() {
  if (process.env.STOCKYARD_LAUNCHED === undefined || process.channel === undefined) return
  delete process.env.STOCKYARD_LAUNCHED
  process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'))
  process.channel?.unref()
}

if (Number.parseInt(process.versions.node, 10) >= NODE_MAJOR_LEAST) {
  dieWithLauncher()
  // Compiled code is kept, so that the next start is quick; where it cannot be, nothing is lost.
  module.enableCompileCache(
    join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'stockyard'),
  )
  await import('../src/main.ts')
} else {
  const binary = findPinnedNode()
  if (binary === undefined) {
    console.error(`error: Stockyard needs Node 24 or newer; this is Node ${process.versions.node}.`)
    console.error(
      `hint: Run npm ci in Stockyard's folder, which brings Node 24 along for Linux on x64 and arm64, or install Node 24 (this machine: ${process.platform}-${process.arch}).`,
    )
    process.exitCode = 3
  } else {
    handOver(binary)
  }
}
