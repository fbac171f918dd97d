/** What became of an import, as a table or as JSON in the words of `fetch`. */
import { formatDate } from '../domain/date.ts'
import type { ImportTask } from '../load/import-bars.ts'
import type { Store } from './open-store.ts'
import { writeJson } from './output.ts'
import type { CommandContext } from './run-command.ts'
import { formatCount, formatTable } from './table.ts'
import { COUNT_COLUMNS } from './task-columns.ts'

export interface Imported {
  readonly runId: number
  readonly tasks: readonly ImportTask[]
  /** Rows of bars that were running when they were written. */
  readonly skipped: number
  readonly files: readonly string[]
}

const COUNTS = ['fetched', 'inserted', 'updated', 'unchanged', 'rejected'] as const

/** Tells it, and answers with the exit code: 1 where rows were refused. */
export async function reportImport(
  context: CommandContext,
  store: Store,
  { runId, tasks, skipped, files }: Imported,
): Promise<number> {
  const { stdout, stderr } = context
  const totals = Object.fromEntries(
    COUNTS.map((name) => [name, tasks.reduce((sum, task) => sum + task[name], 0)] as const),
  )
  const status = 'succeeded'
  const shown = tasks.map(({ number: _number, watermark, ...task }) => ({
    ...task,
    watermark: watermark === null ? null : formatDate(watermark),
  }))
  if (context.json) {
    await writeJson(stdout, {
      run: runId,
      status,
      files,
      ...totals,
      skipped,
      tasks: shown,
    })
  } else {
    const table = formatTable<(typeof shown)[number]>(
      stdout,
      [
        { title: 'symbol', value: (task) => task.symbol },
        { title: 'interval', value: (task) => task.interval },
        ...COUNT_COLUMNS,
      ],
      shown,
    )
    const mark = store.simulated ? `${stdout.paint('yellow', 'SIMULATED')} ` : ''
    await stdout.write(`${table}${mark}Run ${runId} ${status}.\n`)
  }
  if (skipped > 0) {
    await stderr.write(
      `${formatCount(skipped)} provisional bars were left out: they had not ended.\n`,
    )
  }
  if ((totals['rejected'] ?? 0) === 0) return 0
  await stderr.write('Refused rows are kept with their reason: stockyard rejects\n')
  return 1
}
