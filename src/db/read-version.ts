/**
 * What answers about bars depend on, told by one statement that opens no page: it gives another text
 * whenever an answer can have become another one.
 */
import type { Queryable } from './connect.ts'

/**
 * The version of all that is known of some symbols: their instruments, series, actions, what people
 * decided, and the exchanges' calendars. A load that changed no bar changes nothing here.
 * @param symbols as they were typed and as they are kept; unknown ones add nothing
 */
export async function readVersion(db: Queryable, symbols: readonly string[]): Promise<string> {
  const { rows } = await db.query<{ version: string }>({
    name: 'read-version',
    text: `WITH named AS MATERIALIZED (
         SELECT symbol, instrument_id, valid_from, valid_until FROM stockyard.symbols
         WHERE symbol = ANY ($1)),
       ids AS MATERIALIZED (SELECT DISTINCT instrument_id AS id FROM named)
     -- An array: what is empty keeps its place, so that no part is taken for another one.
     SELECT md5(json_build_array(
       (SELECT string_agg(n::text, ',' ORDER BY n::text) FROM named n),
       (SELECT string_agg(concat_ws(':', i.id, i.kind, i.exchange, i.currency, y.symbol), ',' ORDER BY i.id)
        FROM ids JOIN stockyard.instruments i USING (id)
        LEFT JOIN stockyard.symbols y ON y.instrument_id = i.id AND y.valid_until IS NULL),
       (SELECT string_agg(concat_ws(':', s.id, h.bars, h.pages, extract(epoch FROM h.changed_at),
          -- Of which days splits and dividends came along.
          CASE WHEN s.basis = 'split' THEN h.span END), ',' ORDER BY s.id)
        FROM ids JOIN stockyard.series s ON s.instrument_id = ids.id
        LEFT JOIN stockyard.series_heads h ON h.series_id = s.id),
       (SELECT string_agg(concat_ws(':', a.id, extract(epoch FROM a.replaced_at)), ',' ORDER BY a.id)
        FROM ids JOIN stockyard.actions a ON a.instrument_id = ids.id),
       (SELECT string_agg(concat_ws(':', ids.id, k.provider, extract(epoch FROM k.answered_at)), ','
          ORDER BY ids.id, k.provider)
        FROM ids JOIN stockyard.action_asks k ON k.instrument_id = ids.id),
       (SELECT string_agg(concat_ws(':', d.id, extract(epoch FROM d.withdrawn_at)), ',' ORDER BY d.id)
        FROM stockyard.decisions d
        WHERE d.instrument_id IS NULL OR d.instrument_id IN (SELECT id FROM ids)),
       (SELECT string_agg(p.id::text, ',' ORDER BY p.id)
        FROM stockyard.provider_priorities p WHERE p.replaced_at IS NULL),
       (SELECT string_agg(concat_ws(':', c.exchange, c.day, extract(epoch FROM c.created_at)), ','
          ORDER BY c.exchange, c.day)
        FROM stockyard.closures c))::text) AS version`,
    values: [symbols],
  })
  return rows[0]!.version
}
