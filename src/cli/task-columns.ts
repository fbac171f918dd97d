/** The columns that every table of tasks ends with: what became of the bars of a series. */
import type { TaskCounts } from '../db/runs.ts'
import type { Column } from './table.ts'

interface CountedTask extends TaskCounts {
  readonly watermark: string | null
}

export const COUNT_COLUMNS: readonly Column<CountedTask>[] = [
  { title: 'bars', align: 'right', value: (task) => task.fetched },
  { title: 'new', align: 'right', value: (task) => task.inserted },
  { title: 'changed', align: 'right', value: (task) => task.updated },
  { title: 'same', align: 'right', value: (task) => task.unchanged },
  { title: 'refused', align: 'right', value: (task) => task.rejected },
  { title: 'final through', value: (task) => task.watermark },
]
