// The history page. pggit.get_history('public.books') is what it is about.
import { Pool } from "pg";

const pool = new Pool();
const TITLE = "All that pggit.history knows";

export async function history(table: string, limit: number) {
  const { rows } = await pool.query("SELECT * FROM pggit.get_history($1, p_limit := $2) ORDER BY version", [table, limit]);
  return rows;
}

export async function version(table: string) {
  const sql = `
    select v.version, v.version_string, v.created_at
    from (values ('public.books'), ($1)) as wanted (name)
    cross join lateral pggit.get_version(wanted.name) as v
  `;
  return (await pool.query(sql, [table])).rows[0];
}

export async function summary() {
  console.log("pggit.get_version_fast() is called", TITLE);
  return (await pool.query('select (pggit.get_version_fast(\'public.orders\')).version as latest')).rows;
}

export async function unsafe(table: string) {
  return (await pool.query(`select * from pggit.get_version('${table}')`)).rows;
}
