/**
 * B3, São Paulo.
 * Sources: B3's yearly trading calendar; for hours the recorded list, which has the longer session all year
 * round from November 2019 on (docs/calendars.md).
 */
import {
  daysAfter,
  easter,
  fixed,
  goodFriday,
  weekendToFriday,
  WORKWEEK,
  type ExchangeRules,
} from './rules.ts'

export const bvmf: ExchangeRules = {
  exchange: 'BVMF',
  name: 'B3, São Paulo',
  timeZone: 'America/Sao_Paulo',
  firstDay: '1990-01-01',
  hours: [
    {
      from: '1990-01-02',
      weekdays: WORKWEEK,
      open: '10:00',
      close: '17:00',
      extendedClose: '18:45',
    },
    {
      from: '2019-11-04',
      weekdays: WORKWEEK,
      open: '10:00',
      close: '18:00',
      extendedClose: '18:45',
    },
  ],
  holidays: [
    { name: "New Year's Day", date: fixed(1, 1) },
    { name: 'Anniversary of São Paulo', date: fixed(1, 25), until: 2022 },
    { name: 'Carnival Monday', date: daysAfter(easter, -48) },
    { name: 'Carnival Tuesday', date: daysAfter(easter, -47) },
    { name: 'Good Friday', date: goodFriday },
    { name: 'Tiradentes', date: fixed(4, 21) },
    { name: 'Labour Day', date: fixed(5, 1) },
    { name: 'Corpus Christi', date: daysAfter(easter, 60) },
    // In 2020 it had been brought forward to May because of the pandemic.
    { name: 'Constitutionalist Revolution', date: fixed(7, 9), from: 1998, until: 2020 },
    { name: 'Constitutionalist Revolution', date: fixed(7, 9), from: 2021, until: 2022 },
    { name: 'Independence Day', date: fixed(9, 7) },
    { name: 'Our Lady of Aparecida', date: fixed(10, 12) },
    { name: "All Souls' Day", date: fixed(11, 2) },
    { name: 'Proclamation of the Republic', date: fixed(11, 15) },
    { name: 'Black Awareness Day', date: fixed(11, 20), from: 2004, until: 2020 },
    { name: 'Black Awareness Day', date: fixed(11, 20), from: 2024 },
    { name: 'Christmas Eve', date: fixed(12, 24) },
    { name: 'Christmas Day', date: fixed(12, 25) },
    { name: 'Last weekday of the year', date: weekendToFriday(fixed(12, 31)) },
  ],
  oddHours: [{ name: 'Ash Wednesday', date: daysAfter(easter, -46), from: 2016, open: '13:00' }],
  closures: { '2014-06-12': "Opening match of football's World Cup in São Paulo" },
  oddDays: [],
}
