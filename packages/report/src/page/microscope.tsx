import type { JSX } from "preact";
import type { DataWords } from "./data-words.js";

/** Who speaks in a token; `template` for what stands between the turns, `text` where nobody does. */
export type TokenRole = "system" | "user" | "assistant" | "tool" | "template" | "text";

/** A token of a row. */
export interface ShownToken {
  readonly id: number;
  /** What it adds to the text; empty where its bytes are a part of a character that a later token ends. */
  readonly text: string;
  readonly role: TokenRole;
  readonly isLearnt: boolean;
  /** Losses in nats of a token that is learnt, under the base model and after a run; null where they are not known. */
  readonly lossBefore: number | null;
  readonly lossAfter: number | null;
}

/** A row, token by token. */
export interface ShownRow {
  /** Where the row is, e.g. `train.jsonl:12`. */
  readonly place: string;
  readonly tokens: readonly ShownToken[];
}

const MOST_LOSS = 6; // nats, of the deepest colour: one in four hundred
const SHOWN_TOKENS = 1200; // of a row

/** Rows with every token coloured by who speaks and whether it is learnt, and by its losses where they are known. */
export function Microscope({
  rows,
  text,
}: {
  readonly rows: readonly ShownRow[];
  readonly text: DataWords;
}): JSX.Element {
  const roles = [...new Set(rows.flatMap(({ tokens }) => tokens.map(({ role }) => role)))];
  const hasLosses = rows.some(({ tokens }) => tokens.some(({ lossBefore }) => lossBefore !== null));
  return (
    <>
      <p class="lead">{text.microscopeLead}</p>
      <p class="legend">
        {roles.map((role) => (
          <span class={`token ${role}`}>{text.roles[role]}</span>
        ))}
        <span class="token learnt">{text.learnt}</span>
      </p>
      {hasLosses && (
        <p class="legend">
          {text.losses}: <Scale /> {text.scale(String(MOST_LOSS))}
        </p>
      )}
      {rows.map((row) => (
        <MicroscopeRow row={row} text={text} />
      ))}
    </>
  );
}

function Scale(): JSX.Element {
  return (
    <>
      {[0, 1, 2, 3, 4, 5, MOST_LOSS].map((loss) => (
        <span class="token loss" style={depth(loss)}>
          {loss}
        </span>
      ))}
    </>
  );
}

function MicroscopeRow({ row, text }: { readonly row: ShownRow; readonly text: DataWords }): JSX.Element {
  const tokens = row.tokens.slice(0, SHOWN_TOKENS);
  const learnt = row.tokens.filter(({ isLearnt }) => isLearnt);
  const before = meanOf(learnt.map(({ lossBefore }) => lossBefore));
  const after = meanOf(learnt.map(({ lossAfter }) => lossAfter));
  return (
    <div class="sample">
      <h3>
        {row.place} · {text.counted(row.tokens.length, learnt.length)}
      </h3>
      <Tokens
        tokens={tokens}
        text={text}
        look={({ role, isLearnt }) => ({ class: isLearnt ? `${role} learnt` : role })}
      />
      {before !== null && (
        <>
          <h4>{text.lossBefore(before.toFixed(3))}</h4>
          <Tokens tokens={tokens} text={text} look={({ lossBefore }) => lossLook(lossBefore)} />
        </>
      )}
      {after !== null && (
        <>
          <h4>{text.lossAfter(after.toFixed(3))}</h4>
          <Tokens tokens={tokens} text={text} look={({ lossAfter }) => lossLook(lossAfter)} />
        </>
      )}
    </div>
  );
}

interface Look {
  readonly class: string;
  readonly style?: string;
}

function Tokens({
  tokens,
  text,
  look,
}: {
  readonly tokens: readonly ShownToken[];
  readonly text: DataWords;
  readonly look: (token: ShownToken) => Look;
}): JSX.Element {
  const short = (loss: number | null): string | null => (loss === null ? null : loss.toFixed(3));
  return (
    <p class="tokens" dir="auto">
      {tokens.map((token) => {
        const { class: name, style } = look(token);
        const title = text.tokenTitle(token.id, short(token.lossBefore), short(token.lossAfter));
        return (
          <span class={`token ${name}`} title={title} {...(style === undefined ? {} : { style })}>
            {visible(token.text)}
          </span>
        );
      })}
    </p>
  );
}

function lossLook(loss: number | null): Look {
  return loss === null ? { class: "quiet" } : { class: "loss", style: depth(loss) };
}

const depth = (loss: number): string => `--depth:${Math.min(1, Math.max(0, loss / MOST_LOSS)).toFixed(3)}`;

/** A token's text with line ends that are seen; a part of a character is a dot. */
function visible(text: string): string {
  return text === "" ? "·" : text.replaceAll("\n", "↵\n");
}

function meanOf(losses: readonly (number | null)[]): number | null {
  const known = losses.filter((loss) => loss !== null);
  return known.length === 0 ? null : known.reduce((sum, loss) => sum + loss, 0) / known.length;
}
