import { rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { FileError, phrase, phraseOfError } from "@lathe/files";
import type * as sqlite3 from "node-sqlite3-wasm";
import type { BindValues, Database, NormalQueryResult } from "node-sqlite3-wasm";

/** A row of a query, by column. */
export type Columns = Readonly<NormalQueryResult>;

const schema = `
  CREATE TABLE study (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE rows (id INTEGER PRIMARY KEY, name TEXT NOT NULL, facts TEXT NOT NULL, content TEXT NOT NULL);
  CREATE TABLE members (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, role TEXT NOT NULL, secret TEXT);
  CREATE TABLE tasks (member INTEGER NOT NULL, position INTEGER NOT NULL, row INTEGER NOT NULL, kind TEXT NOT NULL,
    systems TEXT NOT NULL, PRIMARY KEY (member, position)) WITHOUT ROWID;
  CREATE TABLE answers (id INTEGER PRIMARY KEY, client TEXT NOT NULL UNIQUE, member INTEGER NOT NULL,
    position INTEGER NOT NULL, revision INTEGER NOT NULL, content TEXT NOT NULL, seconds REAL NOT NULL, at TEXT NOT NULL,
    UNIQUE (member, position, revision));
`;

/** Whether the file is written by this process alone, or a copy that is only read. */
export type DatabaseUse = "own" | "copy";

/**
 * The SQLite file of a study. Whoever opens it as its own holds the folder's lock: SQLite's own lock, a folder beside the file
 * that outlives a killed process, is then nobody's and is cleared.
 *
 * Every transaction is synced to the log beside the file (write-ahead, synchronous FULL) before `transaction` returns. The log
 * goes into the file when a study is opened and closed and never between, so that file and log can be copied while they are
 * written: the file stands still, and a torn end of the log is no transaction.
 */
export class StudyDatabase {
  readonly #database: Database;

  private constructor(database: Database) {
    this.#database = database;
  }

  /** @throws FileError when the file is no database */
  static async open(file: string, use: DatabaseUse): Promise<StudyDatabase> {
    await rm(`${file}.lock`, { recursive: true, force: true });
    // Loaded when a study is opened: WebAssembly that most commands never need.
    const sqlite = createRequire(import.meta.url)("node-sqlite3-wasm") as typeof sqlite3;
    let database: Database | undefined;
    try {
      database = new sqlite.Database(file);
      // Only with the lock held throughout does the log work without memory that processes share. Pages are small: an answer
      // is, and every commit writes whole pages.
      for (const pragma of [
        "page_size=1024",
        "locking_mode=EXCLUSIVE",
        "journal_mode=WAL",
        "synchronous=FULL",
        "wal_autocheckpoint=0",
      ]) {
        database.all(`PRAGMA ${pragma}`);
      }
      const opened = new StudyDatabase(database);
      if (use === "own") opened.#emptyLog();
      return opened;
    } catch (cause) {
      if (database?.isOpen) database.close();
      throw new FileError(file, phrase`cannot be read as a database: ${phraseOfError(cause)}`, { cause });
    }
  }

  /** Whether a study was ever laid out in the file. */
  get isLaidOut(): boolean {
    return this.get("SELECT name FROM sqlite_master WHERE name = 'answers'") !== null;
  }

  /** Lays the tables of a study out, within a transaction. */
  layOut(): void {
    this.#database.exec(schema);
  }

  /** The first row, or null. */
  get(sql: string, values: BindValues = []): Columns | null {
    return this.#database.get(sql, values) as Columns | null;
  }

  /** All rows. */
  all(sql: string, values: BindValues = []): readonly Columns[] {
    return this.#database.all(sql, values) as Columns[];
  }

  /** Runs a statement that returns nothing. */
  run(sql: string, values: BindValues = []): void {
    this.#database.run(sql, values);
  }

  /** Runs a statement for each set of values. */
  runEach(sql: string, all: Iterable<BindValues>): void {
    const statement = this.#database.prepare(sql);
    try {
      for (const values of all) statement.run(values);
    } finally {
      statement.finalize();
    }
  }

  /** All of the work or nothing; on the disk when this returns. */
  transaction<Result>(work: () => Result): Result {
    this.#database.exec("BEGIN IMMEDIATE");
    try {
      const result = work();
      this.#database.exec("COMMIT");
      return result;
    } catch (error) {
      if (this.#database.inTransaction) this.#database.exec("ROLLBACK");
      throw error;
    }
  }

  close(): void {
    if (!this.#database.isOpen) return;
    this.#emptyLog();
    this.#database.close();
  }

  #emptyLog(): void {
    this.#database.all("PRAGMA wal_checkpoint(TRUNCATE)");
  }
}
