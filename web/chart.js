/* A line of daily closes in SVG, with the day under the pointer read out. */
import { formatDay, formatPercent, formatPrice } from './format.js'

const SVG = 'http://www.w3.org/2000/svg'
const MARGIN = { top: 8, right: 56, bottom: 22, left: 2 }

function draw(parent, name, attributes, text) {
  const node = document.createElementNS(SVG, name)
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, String(value))
  if (text !== undefined) node.textContent = text
  parent.append(node)
  return node
}

/** Round values that divide a range into some three to five parts. */
function ticksOf(low, high) {
  const rough = (high - low) / 4
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = [1, 2, 2.5, 5, 10].map((factor) => factor * power).find((size) => size >= rough)
  const ticks = []
  for (let tick = Math.ceil(low / step) * step; tick <= high; tick += step) ticks.push(tick)
  return ticks
}

/** Draws bars (oldest first) into a box, and tells `foot` what is shown or pointed at. */
export function drawChart(box, bars, foot) {
  const width = box.clientWidth
  const height = box.clientHeight
  const svg = document.createElementNS(SVG, 'svg')
  svg.setAttribute('viewBox', `0 0 ${width} ${height}`)
  svg.setAttribute('role', 'img')
  box.replaceChildren(svg)
  if (bars.length < 2) {
    draw(
      svg,
      'text',
      { x: width / 2, y: height / 2, 'text-anchor': 'middle', class: 'none' },
      'No daily bars yet',
    )
    foot.textContent = '\u00a0'
    return
  }
  const summary = summaryOf(bars)
  svg.setAttribute('aria-label', `Daily closes, ${summary}`)
  foot.textContent = summary
  const place = placeOf(bars, width, height)
  drawGrid(svg, bars, place)
  drawLine(svg, bars, place)
  followPointer(svg, bars, place, (bar) => {
    foot.textContent =
      bar === null ? summary : `${formatDay(bar.session)} · close ${formatPrice(bar.close)}`
  })
}

function summaryOf(bars) {
  const first = bars[0]
  const last = bars.at(-1)
  const change = (last.close / first.close - 1) * 100
  return `${formatDay(first.session)} to ${formatDay(last.session)} · ${formatPercent(change)}`
}

function placeOf(bars, width, height) {
  const closes = bars.map((bar) => bar.close)
  const least = Math.min(...closes)
  const most = Math.max(...closes)
  const air = (most - least || most * 0.02 || 1) * 0.06
  const low = least - air
  const high = most + air
  const right = width - MARGIN.right
  const bottom = height - MARGIN.bottom
  return {
    low,
    high,
    left: MARGIN.left,
    right,
    top: MARGIN.top,
    bottom,
    x: (index) => MARGIN.left + (index / (bars.length - 1)) * (right - MARGIN.left),
    y: (value) => MARGIN.top + ((high - value) / (high - low)) * (bottom - MARGIN.top),
  }
}

function drawGrid(svg, bars, { low, high, left, right, bottom, x, y }) {
  for (const tick of ticksOf(low, high)) {
    draw(svg, 'line', { class: 'grid', x1: left, x2: right, y1: y(tick), y2: y(tick) })
    draw(svg, 'text', { class: 'label', x: right + 8, y: y(tick) + 4 }, formatPrice(tick))
  }
  const count = right > 480 ? 5 : 3
  for (let i = 0; i <= count; i += 1) {
    const index = Math.round((i / count) * (bars.length - 1))
    const anchor = i === 0 ? 'start' : i === count ? 'end' : 'middle'
    const label = monthOf(bars[index].session)
    draw(svg, 'text', { class: 'label', x: x(index), y: bottom + 16, 'text-anchor': anchor }, label)
  }
}

const monthFormat = new Intl.DateTimeFormat('en', {
  month: 'short',
  day: 'numeric',
  timeZone: 'UTC',
})

function monthOf(session) {
  return monthFormat.format(new Date(`${session}T00:00:00Z`))
}

function drawLine(svg, bars, { left, right, bottom, x, y }) {
  const points = bars.map((bar, i) => `${x(i).toFixed(1)},${y(bar.close).toFixed(1)}`).join('L')
  draw(svg, 'path', { class: 'area', d: `M${left},${bottom}L${points}L${right},${bottom}Z` })
  draw(svg, 'path', { class: 'line', d: `M${points}` })
}

function followPointer(svg, bars, { top, left, right, bottom, x, y }, show) {
  const cross = draw(svg, 'line', { class: 'cross', y1: top, y2: bottom, visibility: 'hidden' })
  const dot = draw(svg, 'circle', { class: 'dot', r: 4.5, visibility: 'hidden' })
  svg.addEventListener('pointermove', (event) => {
    const at = event.clientX - svg.getBoundingClientRect().left
    const share = Math.min(Math.max((at - left) / (right - left), 0), 1)
    const index = Math.round(share * (bars.length - 1))
    for (const [name, value] of [
      ['x1', x(index)],
      ['x2', x(index)],
      ['visibility', 'visible'],
    ]) {
      cross.setAttribute(name, value)
    }
    dot.setAttribute('cx', x(index))
    dot.setAttribute('cy', y(bars[index].close))
    dot.setAttribute('visibility', 'visible')
    show(bars[index])
  })
  svg.addEventListener('pointerleave', () => {
    cross.setAttribute('visibility', 'hidden')
    dot.setAttribute('visibility', 'hidden')
    show(null)
  })
}
