import type { CompiledQuery } from 'kysely';
import { renameSync } from 'node:fs';
import { dirname } from 'node:path';
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { ConfigError } from '../../../config/config.error.js';
import { GatewayError } from '../../../core/errors.js';
import { Prepared } from '../prepared.js';
import { copyDatabase, flush, removeLog } from './copy.js';
import { GroupCommit, type Ops } from './group-commit.js';
import { openForReading } from './open.js';
import { Scanner } from './scanner.js';
import { locate, lockFile, prepareFile, type SqliteLocation } from './sqlite-file.js';
import { op, statements, statementTexts } from './statements.js';

/** A write that says nothing: whether the storage takes writes again. */
const { probe } = statements((db) => ({
  /** Changes the row each time, for SQLite does not write a row that stays the same: that would succeed on a full disk. */
  probe: new Prepared<object>(db.updateTable('storage_probe').set((eb) => ({ at: eb('at', '+', 1) }))),
}));

/** How many writes shared a commit, and how long it took with its flush, in milliseconds. */
type CommitListener = (writes: number, ms: number) => void;

/**
 * The SQLite file of the gateway, shared by all stores. Commits happen on a thread of their own; reads by key happen here
 * (WAL: they never wait for a writer), reads that may look at many rows on a third thread.
 */
export class SqliteDatabase {
  private readonly statements = new Map<Prepared<never>, StatementSync>();
  private closed: Promise<void> | undefined;
  private moving: Promise<void> | undefined;

  private constructor(
    private readonly location: SqliteLocation,
    private readonly lock: DatabaseSync,
    private reader: DatabaseSync,
    private readonly commits: GroupCommit,
    private scanner: Scanner,
  ) {
    commits.renew = (endWriter) => this.renew(endWriter);
  }

  /**
   * Opens (and makes or migrates) the database.
   * @throws ConfigError with a message for the operator: in use, newer schema, cannot be read or written
   */
  static async open(url: string): Promise<SqliteDatabase> {
    const location = locate(url);
    const opened: DatabaseSync[] = [];
    try {
      const { file, durable } = location;
      const lock = lockFile(file);
      opened.push(lock);
      await prepareFile(location);
      const reader = openForReading(file);
      opened.push(reader);
      const commits = await GroupCommit.start({ file, durable, statements: statementTexts() }, op(probe, {}));
      return new SqliteDatabase(location, lock, reader, commits, new Scanner(file));
    } catch (error) {
      for (const database of opened.reverse()) database.close();
      location.dispose();
      throw error instanceof ConfigError ? error : unusable(location.file, error);
    }
  }

  /** Writes what is in line, then lets go of the file. */
  close(): Promise<void> {
    return (this.closed ??= this.end());
  }

  /**
   * The connection that writes goes last: it clears up the log, so that the file alone is the whole database. But not
   * when a flush has failed: then the log is what can be trusted, and stays.
   */
  private async end(): Promise<void> {
    await this.commits.drain();
    await this.scanner.close();
    if (this.commits.isSound) this.reader.close();
    await this.commits.close();
    if (this.reader.isOpen) this.reader.close();
    this.lock.close();
    this.location.dispose();
  }

  /**
   * Moves to a copy of the database, in its place. Nothing is committed meanwhile, so the copy and the old log agree
   * page by page: whenever the process ends, what is there is whole. Reads by key go on, lists wait for some milliseconds.
   */
  private async renew(endWriter: () => Promise<void>): Promise<void> {
    const { file } = this.location;
    const copy = `${file}.copy`;
    await copyDatabase(file, copy);
    renameSync(copy, file);
    flush(dirname(file));
    const moved = Promise.withResolvers<void>();
    this.moving = moved.promise;
    try {
      await endWriter();
      await this.scanner.close();
      this.openCopy();
    } finally {
      moved.resolve();
    }
  }

  /** No connection to the old file may be left when the first to the new one is opened: they share the names beside it. */
  private openCopy(): void {
    const { file } = this.location;
    if (this.reader.isOpen) this.reader.close();
    this.statements.clear();
    removeLog(file);
    this.reader = openForReading(file);
    this.scanner = new Scanner(file);
  }

  /** Calls `listener` after each commit. */
  onCommit(listener: CommitListener): void {
    this.commits.onCommit.push(listener);
  }

  /** False while writes are refused. */
  get available(): boolean {
    return this.commits.available;
  }

  /**
   * Does all ops in one transaction; resolves when it is on disk. Writes take effect in the order of the calls.
   * `refusable`: nobody has been promised anything yet, so it is rejected while the storage is down instead of being kept.
   * @throws GatewayError CONFLICT (a constraint, or no row changed); STORAGE_UNAVAILABLE (refusable only, or closed)
   */
  write(ops: Ops, refusable: boolean): Promise<void> {
    return this.commits.write(ops, refusable);
  }

  /** A query that may look at many rows. @throws GatewayError STORAGE_UNAVAILABLE */
  async scan<Row>(query: CompiledQuery<Row>): Promise<Row[]> {
    await this.moving;
    try {
      return await this.scanner.rows(query);
    } catch (error) {
      throw unreadable(error);
    }
  }

  /** The row that a statement finds by key. @throws GatewayError STORAGE_UNAVAILABLE */
  one<Row, V>(statement: Prepared<V>, values: V): Promise<Row | undefined> {
    return this.read(() => this.statement(statement).get(...statement.bind(values)) as Row | undefined);
  }

  /** The few rows that a statement finds by key. @throws GatewayError STORAGE_UNAVAILABLE */
  all<Row, V>(statement: Prepared<V>, values: V): Promise<Row[]> {
    return this.read(() => this.statement(statement).all(...statement.bind(values)) as Row[]);
  }

  private read<T>(query: () => T): Promise<T> {
    try {
      return Promise.resolve(query());
    } catch (error) {
      return Promise.reject(unreadable(error));
    }
  }

  private statement<V>(prepared: Prepared<V>): StatementSync {
    const key = prepared as Prepared<never>;
    let statement = this.statements.get(key);
    if (!statement) this.statements.set(key, (statement = this.reader.prepare(prepared.sql)));
    return statement;
  }
}

const unreadable = (cause: unknown): GatewayError =>
  new GatewayError('STORAGE_UNAVAILABLE', 'the storage cannot be read now', { retryAfterS: 5, cause });

const unusable = (file: string, error: unknown): ConfigError =>
  new ConfigError([
    `storage.url: ${file} cannot be used: ${error instanceof Error ? error.message : String(error)}`,
  ]);
