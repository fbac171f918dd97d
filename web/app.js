/* The first page: what is stored, how fresh it is, and what ran. Reads the REST API every ten seconds. */
import { drawChart } from './chart.js'
import {
  directionOf,
  formatAgo,
  formatCount,
  formatDay,
  formatPercent,
  formatPrice,
  formatTime,
  NONE,
} from './format.js'

const REFRESH_MS = 10_000
/** Answers of the status that are followed; the page is not made for more symbols than these hold. */
const STATUS_PAGES_MAX = 20
/** One year of sessions. */
const CHART_BARS = 252
const INTERVALS = ['1m', '5m', '15m', '30m', '1h', '1d', '1wk', '1mo']

const find = (id) => document.querySelector(`#${id}`)
const state = { symbols: [], chart: [], drawn: '' }

// Reading --------------------------------------------------------------------------------------------

async function read(path) {
  const response = await fetch(`/api/v1${path}`, { headers: { accept: 'application/json' } })
  const body = await response.json()
  if (!response.ok) {
    const error = new Error([body.detail, body.hint].filter(Boolean).join(' '))
    throw Object.assign(error, { code: body.code })
  }
  return body
}

async function readStatus() {
  const status = await read('/etl/status')
  let { next } = status
  for (let page = 1; next !== null && page < STATUS_PAGES_MAX; page += 1) {
    const more = await read(`/etl/status?cursor=${encodeURIComponent(next)}`)
    status.data.push(...more.data)
    next = more.next
  }
  return status
}

/** Series grouped by symbol; price and change are those of the daily bars where there are some. */
function bySymbol(series) {
  const symbols = new Map()
  for (const one of series) symbols.set(one.symbol, [...(symbols.get(one.symbol) ?? []), one])
  return [...symbols].map(([symbol, list]) => {
    const filled = list.filter((one) => one.price !== null)
    const priced = filled.find((one) => one.interval === '1d') ?? filled[0]
    return {
      symbol,
      name: list[0].name,
      price: priced?.price ?? null,
      change: priced?.change ?? null,
      changePercent: priced?.change_percent ?? null,
      provisional: priced?.state === 'provisional',
      bars: list.reduce((sum, one) => sum + one.bars, 0),
      intervals: INTERVALS.filter((interval) => list.some((one) => one.interval === interval)),
      watermark: list.map((one) => one.watermark).sort()[0] ?? null,
      observedAt:
        list
          .map((one) => one.observed_at)
          .sort()
          .at(-1) ?? null,
    }
  })
}

// Showing --------------------------------------------------------------------------------------------

function element(name, className, text) {
  const node = document.createElement(name)
  if (className !== '') node.className = className
  if (text !== undefined) node.textContent = text
  return node
}

function showStatus(status) {
  find('simulated').hidden = !status.simulated
  document.title = status.simulated ? 'Stockyard (SIMULATED)' : 'Stockyard'
  for (const name of ['symbols', 'bars', 'series', 'rejects']) {
    find(`figure-${name}`).textContent = formatCount(status[name])
  }
  const market = find('market')
  market.className = status.market.open ? 'pill good' : 'pill'
  const opens = element('span', 'wide', ` · opens ${formatTime(status.market.next_open)}`)
  market.replaceChildren(...(status.market.open ? ['Market open'] : ['Market closed', opens]))
  find('version').textContent = `Stockyard ${status.version}`
  find('refreshed').textContent = `Read ${formatTime(status.now)}`
}

/** Sessions of which nothing came for anybody, and series that look renamed or delisted. */
function showAttention({ alerts, dark }) {
  const rows = [
    ...alerts.map(({ message, hint }) => ({ kind: 'no bars', text: message, hints: [hint] })),
    ...dark.map((one) => ({ kind: 'dark', text: describeDark(one), hints: one.hints })),
  ]
  find('attention').hidden = rows.length === 0
  find('attention-list').replaceChildren(...rows.map(attentionRow))
}

function describeDark({ symbol, interval, provider, last, sessions, tries }) {
  const asked = `asked ${tries} times in vain over ${formatCount(sessions)} sessions`
  return `${symbol} ${interval} from ${provider}: no bar since ${last}, ${asked}`
}

function attentionRow({ kind, text, hints }) {
  const row = element('li', '')
  const mark = element('div', '')
  mark.append(element('span', 'pill fair', kind))
  row.append(mark, element('div', '', text), ...hints.map((hint) => element('p', 'hint', hint)))
  return row
}

function showSymbols(now) {
  find('symbols-empty').hidden = state.symbols.length > 0
  find('symbols').replaceChildren(...state.symbols.map((one) => symbolRow(one, now)))
}

function symbolRow(one, now) {
  const row = element('tr', one.symbol === selectedSymbol() ? 'selected' : '')
  const head = element('th', '')
  head.scope = 'row'
  const link = element('a', '', one.symbol)
  link.href = `#${encodeURIComponent(one.symbol)}`
  head.append(link)
  if (one.name !== null) head.append(element('span', '', one.name))
  const intervals = element('td', '')
  intervals.append(...one.intervals.map((interval) => element('span', 'chip', interval)))
  row.append(
    head,
    element('td', 'number', formatPrice(one.price)),
    element('td', `number ${directionOf(one.change)}`, formatPercent(one.changePercent)),
    element('td', 'number', formatCount(one.bars)),
    intervals,
    element('td', '', formatDay(one.watermark)),
    element('td', 'wide', formatAgo(one.observedAt, now)),
  )
  row.addEventListener('click', () => {
    location.hash = link.hash
  })
  return row
}

const RUN_LOOK = {
  succeeded: 'good',
  running: '',
  queued: '',
  partial: 'fair',
  failed: 'bad',
  interrupted: 'fair',
}

function showRuns(runs, now) {
  find('runs-empty').hidden = runs.length > 0
  find('runs').replaceChildren(...runs.map((run) => runRow(run, now)))
}

function runRow(run, now) {
  const row = element('li', '')
  const status = element('div', '')
  status.append(element('span', `pill ${RUN_LOOK[run.status] ?? ''}`, run.status))
  const ago = element('time', 'quiet', formatAgo(run.started_at, now))
  ago.dateTime = run.started_at
  row.append(status, element('div', '', describeRun(run)), ago)
  if (run.error !== null) {
    const more = run.failed > 1 ? ` And ${run.failed - 1} more.` : ''
    const { symbol, message, hint } = run.error
    row.append(element('p', 'error', `${symbol}: ${message} ${hint ?? ''}${more}`))
  }
  return row
}

function describeRun(run) {
  const counts = ['inserted', 'updated', 'unchanged', 'rejected']
    .filter((name) => run[name] > 0)
    .map((name) => `${formatCount(run[name])} ${name}`)
  const symbols = `${formatCount(run.symbols)} ${run.symbols === 1 ? 'symbol' : 'symbols'}`
  const calls = `${formatCount(run.requests)} ${run.requests === 1 ? 'call' : 'calls'}`
  return [`${run.job} #${run.run}`, symbols, calls, ...counts].join(' · ')
}

function selectedSymbol() {
  const typed = decodeURIComponent(location.hash.slice(1))
  const known = state.symbols.find((one) => one.symbol === typed) ?? state.symbols[0]
  return known?.symbol ?? null
}

function showSelected() {
  const one = state.symbols.find(({ symbol }) => symbol === selectedSymbol())
  find('chart-card').hidden = one === undefined && state.symbols.length === 0
  if (one === undefined) return
  find('chart-symbol').textContent = one.symbol
  find('chart-name').textContent = one.name ?? '\u00a0'
  find('chart-price').textContent = formatPrice(one.price)
  const change = find('chart-change')
  change.className = `change ${directionOf(one.change)}`
  change.textContent = one.change === null ? NONE : `${formatPercent(one.changePercent)} on the day`
}

/** The newest daily bars in today's shares, newest first: a split is no fall. None where there are no days. */
async function readChart(symbol) {
  const wish = 'interval=1d&adjust=splits&sort=desc&include=live&fields=close'
  const path = `/stocks/${encodeURIComponent(symbol)}/prices?${wish}`
  const bars = []
  let next = ''
  try {
    while (bars.length < CHART_BARS && next !== null) {
      const answer = await read(next === '' ? path : `${path}&cursor=${encodeURIComponent(next)}`)
      bars.push(...answer.data)
      next = answer.next
    }
  } catch (error) {
    if (error.code !== 'BARS_NONE') throw error
  }
  return bars
}

async function showChart() {
  const symbol = selectedSymbol()
  if (symbol === null) return
  const bars = await readChart(symbol)
  if (symbol !== selectedSymbol()) return
  state.chart = bars.slice(0, CHART_BARS).reverse()
  redraw()
}

/** Draws only what has changed, so that a reading under the pointer stays. */
function redraw() {
  const box = find('chart')
  const what = JSON.stringify([box.clientWidth, state.chart])
  if (what === state.drawn) return
  state.drawn = what
  drawChart(box, state.chart, find('chart-foot'))
}

// Life -----------------------------------------------------------------------------------------------

async function refresh() {
  const trouble = find('trouble')
  try {
    const status = await readStatus()
    const runs = await read('/etl/jobs')
    const now = Date.parse(status.now)
    state.symbols = bySymbol(status.data)
    showStatus(status)
    showAttention(status)
    showSymbols(now)
    showRuns(runs.data.slice(0, 6), now)
    showSelected()
    await showChart()
    trouble.hidden = true
  } catch (error) {
    trouble.textContent = `The server cannot be read. ${error.message}`
    trouble.hidden = false
  }
  find('main').classList.remove('loading')
}

async function keepFresh() {
  if (!document.hidden) await refresh()
  setTimeout(keepFresh, REFRESH_MS)
}

addEventListener('hashchange', refresh)
document.addEventListener('visibilitychange', () => void (document.hidden || refresh()))
new ResizeObserver(redraw).observe(find('chart'))
keepFresh()
