import { createHash, timingSafeEqual } from "node:crypto";
import { isInputError, type Lock, phrase } from "@lathe/files";
import type { AnswerContent, Receipt, Submission } from "../answers/answer.js";
import { AnswerError } from "../answers/answer-error.js";
import { checkReplies } from "../answers/check-submission.js";
import { median } from "../results/median.js";
import type { StudyDatabase } from "./study-database.js";
import type {
  Member,
  Role,
  RowFacts,
  ShownTask,
  StudyAnswer,
  StudyData,
  TaskProgress,
} from "./study-data.js";
import type { TaskKind } from "../assign/plan-tasks.js";
import type { StudySettings } from "./study-settings.js";

/** Last answers that the time left is told from. */
const RECENT_ANSWERS = 20;

interface Waiting {
  readonly member: number;
  readonly submission: Submission;
  readonly resolve: (receipt: Receipt) => void;
  readonly reject: (error: unknown) => void;
}

/** A {@link Member} with the secret of its link; null for someone whose answers were only imported. */
export interface MemberSecret extends Member {
  readonly secret: string | null;
}

interface KnownMember {
  readonly member: MemberSecret;
  /** SHA-256 of the secret. */
  readonly digest: Buffer;
}

/**
 * A study that is open: who judges what, and the answers. An answer is on the disk when its receipt comes. Answers that arrive
 * together share one write, so that many annotators wait no longer than one.
 */
export class Study {
  readonly settings: StudySettings;
  readonly #database: StudyDatabase;
  readonly #lock: Lock | null;
  readonly #facts: readonly RowFacts[];
  #waiting: Waiting[] = [];
  /** Kept, as every request asks for them. */
  #members: readonly KnownMember[] | null = null;
  #changes = 0;

  /** @internal studies come from `createStudy` and `openStudy` */
  constructor(database: StudyDatabase, lock: Lock | null) {
    this.#database = database;
    this.#lock = lock;
    const stored = database.get("SELECT value FROM study WHERE name = 'settings'")!;
    this.settings = read<StudySettings>(stored["value"]);
    this.#facts = database
      .all("SELECT name, facts FROM rows ORDER BY id")
      .map(({ name, facts }) => ({ id: read<string>(name), ...read<Omit<RowFacts, "id">>(facts) }));
  }

  /** Grows with every answer that is stored, so that results need not be made twice of the same answers. */
  get changes(): number {
    return this.#changes;
  }

  /** Everyone who takes part, with the secrets of their links. */
  members(): readonly MemberSecret[] {
    return this.#knownMembers().map(({ member }) => member);
  }

  /** Whose secret it is, or null. Takes as long for a wrong one as for a right one. */
  memberWith(secret: string): Member | null {
    const digest = sha256(secret);
    let found: Member | null = null;
    for (const known of this.#knownMembers()) {
      const { secret: own, ...member } = known.member;
      if (timingSafeEqual(digest, known.digest) && own !== null) found = member;
    }
    return found;
  }

  /** How far a member is with their tasks. */
  progress({ id }: Member): TaskProgress {
    const total = this.#count("SELECT count(*) AS count FROM tasks WHERE member = ?", id);
    const done = this.#count("SELECT count(DISTINCT position) AS count FROM answers WHERE member = ?", id);
    const recent = this.#database
      .all("SELECT seconds FROM answers WHERE member = ? ORDER BY id DESC LIMIT ?", [id, RECENT_ANSWERS])
      .map(({ seconds }) => Number(seconds));
    const each = median(recent);
    return { done, total, secondsLeft: each === null ? null : each * (total - done) };
  }

  /** Position of the first task without an answer, or null where all have one. */
  nextPosition({ id }: Member): number | null {
    const next = this.#database.get(
      `SELECT min(position) AS position FROM tasks WHERE member = ?1
        AND position NOT IN (SELECT position FROM answers WHERE member = ?1)`,
      [id],
    );
    return next === null || next["position"] === null ? null : Number(next["position"]);
  }

  /** Position of the task that the member answered last, or null. */
  lastPosition({ id }: Member): number | null {
    const last = this.#database.get(
      "SELECT position FROM answers WHERE member = ? ORDER BY id DESC LIMIT 1",
      [id],
    );
    return last === null ? null : Number(last["position"]);
  }

  /** The task at a place, or null where the member has none there. */
  taskAt({ id }: Member, position: number): ShownTask | null {
    const task = this.#task(id, position);
    if (task === null) return null;
    const row = this.#database.get("SELECT content FROM rows WHERE id = ?", [task.row])!;
    const { prompt, outputs } = read<{ prompt: string; outputs: readonly string[] }>(row["content"]);
    const standing = this.#standing(id, position);
    return {
      position,
      prompt,
      replies: task.systems.map((system) => outputs[system]),
      revision: standing?.revision ?? 0,
      answer: standing?.content ?? null,
    };
  }

  /**
   * Takes an answer. The same one may come any number of times: it is stored once.
   *
   * @throws AnswerError when there is no such task, or the answer is of another number of replies
   */
  submit(member: Member, submission: Submission): Promise<Receipt> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ member: member.id, submission, resolve, reject });
      // Whatever else has arrived by then goes into the same write.
      if (this.#waiting.length === 1) setImmediate(() => this.#writeWaiting());
    });
  }

  /** All that results are made of, as it stands. */
  data(): StudyData {
    const answers = this.#database
      .all(
        `SELECT members.name AS annotator, tasks.row, tasks.kind, tasks.systems, answers.content, answers.seconds, answers.at
          FROM answers JOIN members ON members.id = answers.member
          JOIN tasks ON tasks.member = answers.member AND tasks.position = answers.position
          WHERE answers.revision = (SELECT max(revision) FROM answers AS later
            WHERE later.member = answers.member AND later.position = answers.position)
          ORDER BY answers.member, answers.position`,
      )
      .map((row): StudyAnswer => ({
        annotator: String(row["annotator"]),
        row: Number(row["row"]),
        kind: row["kind"] as TaskKind,
        systems: read(row["systems"]),
        content: read(row["content"]),
        seconds: Number(row["seconds"]),
        at: String(row["at"]),
      }));
    const { systems } = this.settings;
    const annotators = this.members()
      .filter(({ role }) => role === "annotator")
      .map(({ name }) => name);
    return { systems, rows: this.#facts, annotators, answers };
  }

  /**
   * Someone of that name who judges rows; without a link where they were not there. For answers from elsewhere.
   */
  annotatorNamed(name: string): Member {
    const find = (): Member | null => {
      const found = this.#database.get("SELECT id, name, role, secret FROM members WHERE name = ?", [name]);
      if (found === null) return null;
      const { secret: _secret, ...member } = memberOf(found);
      return member;
    };
    return (
      find() ??
      this.#database.transaction(() => {
        this.#database.run("INSERT INTO members (name, role) VALUES (?, 'annotator')", [name]);
        this.#members = null;
        return find()!;
      })
    );
  }

  /** Position of a member's task for a row, which is added with the given order of systems where there is none. */
  positionOf({ id }: Member, row: number, kind: TaskKind, systems: readonly number[]): number {
    const there = this.#database.get(
      "SELECT position FROM tasks WHERE member = ? AND row = ? AND kind = ? ORDER BY position",
      [id, row, kind],
    );
    if (there !== null) return Number(there["position"]);
    return this.#database.transaction(() => {
      const next = this.#count(
        "SELECT coalesce(max(position), -1) + 1 AS count FROM tasks WHERE member = ?",
        id,
      );
      this.#database.run("INSERT INTO tasks (member, position, row, kind, systems) VALUES (?, ?, ?, ?, ?)", [
        ...[id, next, row, kind],
        JSON.stringify(systems),
      ]);
      return next;
    });
  }

  /** `[place shown]`: index of the system, of a member's task; null where there is no such task. */
  systemsAt({ id }: Member, position: number): readonly number[] | null {
    return this.#task(id, position)?.systems ?? null;
  }

  /** Revision of the answer that stands at a place; 0 where there is none. */
  revisionAt({ id }: Member, position: number): number {
    return this.#standing(id, position)?.revision ?? 0;
  }

  /** Writes down where the study is served, so that links stay the same. */
  rememberPort(port: number): void {
    this.#database.transaction(() => {
      this.#database.run("INSERT OR REPLACE INTO study (name, value) VALUES ('port', ?)", [
        JSON.stringify(port),
      ]);
    });
  }

  /** Where the study was served last, or null. */
  get port(): number | null {
    const stored = this.#database.get("SELECT value FROM study WHERE name = 'port'");
    return stored === null ? null : read<number>(stored["value"]);
  }

  /** Writes what waits and gives the folder back. */
  async close(): Promise<void> {
    this.#writeWaiting();
    this.#database.close();
    await this.#lock?.release();
  }

  #knownMembers(): readonly KnownMember[] {
    return (this.#members ??= this.#database
      .all("SELECT id, name, role, secret FROM members ORDER BY id")
      .map(memberOf)
      .map((member) => ({ member, digest: sha256(member.secret ?? "") })));
  }

  #writeWaiting(): void {
    const batch = this.#waiting;
    if (batch.length === 0) return;
    this.#waiting = [];
    let outcomes: readonly (() => void)[];
    try {
      outcomes = this.#database.transaction(() => batch.map((one) => this.#settle(one)));
    } catch (error) {
      for (const { reject } of batch) reject(error);
      return;
    }
    for (const tell of outcomes) tell();
  }

  /** What one who waits is told once the transaction is on the disk. */
  #settle({ member, submission, resolve, reject }: Waiting): () => void {
    try {
      const receipt = this.#store(member, submission);
      return () => resolve(receipt);
    } catch (error) {
      if (!isInputError(error)) throw error;
      return () => reject(error);
    }
  }

  #store(member: number, { client, position, revision, content, seconds }: Submission): Receipt {
    const text = JSON.stringify(content);
    const before = this.#database.get("SELECT member, position, content FROM answers WHERE client = ?", [
      client,
    ]);
    const standing = this.#standing(member, position);
    const known: Receipt = { outcome: "known", position, revision: standing?.revision ?? 0 };
    if (before !== null) {
      const { member: of, position: at, content: said } = before;
      if (of === member && at === position && said === text) return known;
      throw new AnswerError("client", "an id of its own for each answer", "that of another one");
    }
    const task = this.#task(member, position);
    if (task === null) throw new AnswerError("position", "the place of a task", phrase`${position}`);
    checkReplies(content, task.systems.length);
    if (standing !== null && standing.revision !== revision) {
      if (JSON.stringify(standing.content) === text) return known;
      return { outcome: "conflict", position, revision: standing.revision };
    }
    if (standing === null && revision !== 0) {
      throw new AnswerError("revision", "0 for the first answer", phrase`${revision}`);
    }
    this.#database.run(
      "INSERT INTO answers (client, member, position, revision, content, seconds, at) VALUES (?, ?, ?, ?, ?, ?, ?)",
      [client, member, position, revision + 1, text, seconds, new Date().toISOString()],
    );
    this.#changes++;
    return { outcome: "stored", position, revision: revision + 1 };
  }

  #task(
    member: number,
    position: number,
  ): { readonly row: number; readonly systems: readonly number[] } | null {
    const task = this.#database.get("SELECT row, systems FROM tasks WHERE member = ? AND position = ?", [
      member,
      position,
    ]);
    return task === null ? null : { row: Number(task["row"]), systems: read(task["systems"]) };
  }

  #standing(
    member: number,
    position: number,
  ): { readonly revision: number; readonly content: AnswerContent } | null {
    const answer = this.#database.get(
      "SELECT revision, content FROM answers WHERE member = ? AND position = ? ORDER BY revision DESC LIMIT 1",
      [member, position],
    );
    return answer === null
      ? null
      : { revision: Number(answer["revision"]), content: read(answer["content"]) };
  }

  #count(sql: string, member: number): number {
    return Number(this.#database.get(sql, [member])!["count"]);
  }
}

/** A value that the study itself has written. */
function read<Value>(column: unknown): Value {
  return JSON.parse(String(column)) as Value;
}

function memberOf({ id, name, role, secret }: Readonly<Record<string, unknown>>): MemberSecret {
  return {
    id: Number(id),
    name: String(name),
    role: role as Role,
    secret: typeof secret === "string" ? secret : null,
  };
}

const sha256 = (text: string): Buffer => createHash("sha256").update(text).digest();
