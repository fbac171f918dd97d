/**
 * Progress of a fetch on standard error: on a terminal a block that is drawn again and again, elsewhere
 * a line a step.
 */
import type { Clock } from '../clock.ts'
import type { TaskProgress } from '../load/fetch-series.ts'
import type { Output } from './output.ts'
import { formatCount, formatSpan } from './table.ts'

/** Why a call has to wait. */
export interface Wait {
  readonly provider: string
  readonly ms: number
  readonly why: string
}

export interface Progress {
  task(progress: TaskProgress): void
  wait(wait: Wait): void
  /** Draws the last state and leaves the terminal below it. */
  finish(): void
}

export interface ProgressFrame {
  readonly output: Output
  readonly clock: Clock
  /** Calls that the day's budget still has; null where it has no such limit. */
  readonly callsLeft: number | null
  /** Milliseconds from the first to the last of some calls inside the budget of a day without end. */
  readonly spanMs: (calls: number) => number
  /** The whole work, where it was planned before it began. */
  readonly plan?: WorkPlan
}

export interface WorkPlan {
  readonly calls: number
  /** As that of the frame, over all vendors that it asks. */
  readonly spanMs: (calls: number) => number
}

/** Shows the progress of a fetch. */
export function showProgress(frame: ProgressFrame): Progress {
  return frame.output.isTerminal ? drawBlock(frame) : writeLines(frame)
}

/** Progress that nobody can read any more is no reason to fail. */
function show(output: Output, text: string): void {
  output.write(text).catch(() => {})
}

// One line a step -------------------------------------------------------------------------------------

function writeLines(frame: ProgressFrame): Progress {
  const { output, clock, plan } = frame
  const shown = new Map<number, { readonly text: string; readonly counts: string }>()
  const newest = new Map<number, TaskProgress>()
  const startedAt = clock.now()
  let waitsUntil = 0
  return {
    task: (task) => {
      const text = stepText(task)
      newest.set(task.number, task)
      const counts = countsText(task)
      const before = shown.get(task.number)
      if (text === null || before?.text === text) return
      // An answer is stored while the next call is under way: it is told of once, when it is there.
      if (isUnderWay(task) && task.requestsDone > 0 && before?.counts === counts) return
      shown.set(task.number, { text, counts })
      const now = clock.now()
      const times = { elapsedMs: now - startedAt, waitMs: waitsUntil - now }
      const whole =
        plan === undefined ? '' : ` (in all ${totalLine([...newest.values()], frame, times)})`
      show(output, `${task.symbol} ${task.interval}: ${text}${whole}\n`)
    },
    wait: (wait) => {
      waitsUntil = clock.now() + wait.ms
      show(output, `${waitText(wait)}\n`)
    },
    finish: () => {},
  }
}

function stepText(task: TaskProgress): string | null {
  if (task.error !== null) return `${task.status}: ${task.error.message}`
  if (task.status === 'succeeded') {
    if (task.requestsPlanned === 0) return 'up to date, nothing to ask'
    return `done: ${countsText(task)}`
  }
  if (!isUnderWay(task)) return null
  if (task.requestsDone === 0)
    return `${task.requestsPlanned} ${task.requestsPlanned === 1 ? 'call' : 'calls'} planned`
  return `${task.requestsDone} of ${task.requestsPlanned} calls, ${countsText(task)}`
}

function isUnderWay({ status, error, requestsPlanned }: TaskProgress): boolean {
  return status === 'running' && error === null && requestsPlanned > 0
}

function countsText(task: TaskProgress): string {
  const parts = [`${formatCount(task.fetched)} bars`, `${formatCount(task.inserted)} new`]
  if (task.updated > 0) parts.push(`${formatCount(task.updated)} changed`)
  if (task.rejected > 0) parts.push(`${formatCount(task.rejected)} refused`)
  return parts.join(', ')
}

function waitText(wait: Wait): string {
  // Some reasons name the vendor already.
  const who = wait.why.startsWith(wait.provider) ? '' : ` for ${wait.provider}`
  return `waiting ${formatSpan(wait.ms)}${who}: ${wait.why}`
}

// A block that is drawn again ---------------------------------------------------------------------------

const DRAW_EVERY_MS = 100
const ROWS_MAX = 12
const BAR_WIDTH = 16

interface Drawn {
  readonly task: TaskProgress
  readonly startedAt: number
  readonly changedAt: number
}

function drawBlock(frame: ProgressFrame): Progress {
  const { output, clock } = frame
  const tasks = new Map<number, Drawn>()
  const startedAt = clock.now()
  let waiting: (Wait & { readonly until: number }) | undefined
  let linesDrawn = 0
  let drawnAt = 0
  const draw = (isLast: boolean): void => {
    const now = clock.now()
    if (!isLast && now - drawnAt < DRAW_EVERY_MS) return
    drawnAt = now
    const lines = blockLines(output, [...tasks.values()])
    const all = [...tasks.values()].map(({ task }) => task)
    const waitMs = (waiting?.until ?? 0) - now
    lines.push(totalLine(all, frame, { elapsedMs: now - startedAt, waitMs }))
    if (waiting !== undefined && waiting.until > now && !isLast) {
      lines.push(output.paint('yellow', waitText({ ...waiting, ms: waiting.until - now })))
    }
    const up = linesDrawn > 0 ? `\u001B[${linesDrawn}A` : ''
    show(output, `${up}${lines.map((line) => `\u001B[2K${line}\n`).join('')}\u001B[J`)
    linesDrawn = lines.length
  }
  return {
    task: (task) => {
      const now = clock.now()
      const before = tasks.get(task.number)
      const isNew = before === undefined
      tasks.set(task.number, { task, startedAt: before?.startedAt ?? now, changedAt: now })
      draw(isNew || task.status !== before.task.status)
    },
    wait: (wait) => {
      waiting = { ...wait, until: clock.now() + wait.ms }
      draw(true)
    },
    finish: () => draw(true),
  }
}

/** The newest tasks, those that run last, as many as fit. */
function blockLines(output: Output, all: readonly Drawn[]): string[] {
  const shown = [...all].sort((a, b) => rank(a) - rank(b) || a.changedAt - b.changedAt)
  return shown
    .slice(-ROWS_MAX)
    .sort((a, b) => a.task.number - b.task.number)
    .map((drawn) => cut(taskLine(output, drawn), output))
}

function rank({ task }: Drawn): number {
  return task.status === 'running' ? 1 : 0
}

function taskLine(output: Output, { task, startedAt, changedAt }: Drawn): string {
  const name = `${task.symbol.padEnd(6)} ${task.interval.padEnd(3)}`
  if (task.error !== null) return `${name} ${output.paint('red', '✗')} ${task.error.message}`
  if (task.status === 'succeeded' && task.requestsPlanned === 0) {
    return `${name} ${output.paint('green', '✓')} up to date`
  }
  const mark = task.status === 'succeeded' ? output.paint('green', '✓') : output.paint('cyan', '•')
  const share = task.requestsPlanned === 0 ? 0 : task.requestsDone / task.requestsPlanned
  const full = Math.round(share * BAR_WIDTH)
  const gauge = '█'.repeat(full) + '░'.repeat(BAR_WIDTH - full)
  const calls = `${task.requestsDone}/${task.requestsPlanned} calls`.padEnd(14)
  const rate = rateText(task.fetched, changedAt - startedAt)
  return `${name} ${mark} ${gauge} ${calls} ${countsText(task)}${rate}`
}

interface Times {
  readonly elapsedMs: number
  /** Until the next call can go out; not above 0 where nothing waits. */
  readonly waitMs: number
}

function totalLine(all: readonly TaskProgress[], frame: ProgressFrame, times: Times): string {
  const { callsLeft, plan } = frame
  const { elapsedMs } = times
  const done = sum(all, (task) => task.requestsDone)
  const planned = Math.max(
    sum(all, (task) => task.requestsPlanned),
    plan?.calls ?? 0,
  )
  const bars = sum(all, (task) => task.fetched)
  const parts = [
    `${done}/${planned} calls`,
    `${formatCount(bars)} bars${plan === undefined ? '' : rateText(bars, elapsedMs)}`,
    formatSpan(elapsedMs),
  ]
  const left = callsLeft === null ? Infinity : callsLeft - sum(all, (task) => task.requests)
  if (callsLeft !== null) {
    const calls = Math.max(0, left)
    parts.push(`${calls} ${calls === 1 ? 'call' : 'calls'} left today`)
  }
  // What today's calls do not suffice for goes on another day, or never.
  if (done > 0 && planned > done && planned - done <= left) {
    parts.push(`about ${formatSpan(timeToGo(frame, done, planned - done, times))} to go`)
  }
  return parts.join('  ')
}

/** What the budget allows is slower than a few quick calls at the start make it seem. */
function timeToGo(frame: ProgressFrame, done: number, left: number, times: Times): number {
  const { spanMs } = frame.plan ?? frame
  const { elapsedMs, waitMs } = times
  // From the last call that went out, or from the one that is waiting, to the last of all.
  const atLeast = waitMs > 0 ? waitMs + spanMs(left) : spanMs(left + 1)
  return Math.max((elapsedMs / done) * left, atLeast)
}

function sum(all: readonly TaskProgress[], pick: (task: TaskProgress) => number): number {
  return all.reduce((total, task) => total + pick(task), 0)
}

function rateText(rows: number, elapsedMs: number): string {
  if (rows === 0 || elapsedMs < 1) return ''
  return `, ${formatCount((rows / elapsedMs) * 1000)} bars/s`
}

/** A line that would wrap would break the block. Colour codes count for nothing. */
function cut(line: string, output: Output): string {
  // oxlint-disable-next-line no-control-regex -- colour codes begin with a control character
  const visible = line.replaceAll(/\u001B\[\d+m/g, '').length
  if (visible <= output.columns - 1) return line
  return `${line.slice(0, line.length - (visible - output.columns + 2))}…`
}
