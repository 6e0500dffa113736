import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { SessionReply } from "../api.js";
import { AdjudicateView } from "./adjudicate-view.js";
import { AnnotateView } from "./annotate-view.js";
import { BrowserStore } from "./browser-store.js";
import { Client } from "./client.js";
import { ResultsView } from "./results-view.js";
import { useLanguage } from "./use-language.js";
import { useServer } from "./use-server.js";
import { words, type Words } from "./words.js";

/** The page: whose link it is decides what is in it. */
export function Room(): JSX.Element {
  const { language, otherCode, change } = useLanguage((one) => words[one].title);
  const [secret, setSecret] = useState(() => location.hash.slice(1));
  const said = words[language];
  useEffect(() => {
    // Another link in the same tab changes nothing but what follows the #.
    const onHash = (): void => setSecret(location.hash.slice(1));
    addEventListener("hashchange", onHash);
    return () => removeEventListener("hashchange", onHash);
  }, []);
  return (
    <>
      <header>
        <span class="name">Lathe</span>
        <button type="button" class="plain" lang={otherCode} onClick={change}>
          {said.language}
        </button>
      </header>
      <main>
        {secret === "" ? (
          <p role="alert">{said.noLink}</p>
        ) : (
          <Member key={secret} secret={secret} said={said} />
        )}
      </main>
    </>
  );
}

function Member({ secret, said }: { readonly secret: string; readonly said: Words }): JSX.Element {
  const [client] = useState(() => new Client(secret));
  const [{ reply: session, isLost, refusal }] = useServer("/api/session", (path) =>
    client.get<SessionReply>(path),
  );
  if (refusal !== null) return <p role="alert">{refusal.status === 401 ? said.badLink : refusal.message}</p>;
  if (session === null) return <p role="status">{isLost ? said.cannotLoad : said.loading}</p>;
  const store = new BrowserStore(`lathe:${session.study}:${session.name}:`);
  switch (session.role) {
    case "annotator":
      return <AnnotateView {...{ client, store, said }} />;
    case "adjudicator":
      return <AdjudicateView {...{ client, store, said }} />;
    case "coordinator":
      return <ResultsView {...{ client, said }} />;
  }
}
