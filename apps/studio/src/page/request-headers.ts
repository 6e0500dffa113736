/** What goes along with every request: the secret of the link, and the language of the page, in which the server says why it refuses. */
export const requestHeaders = (secret: string): Readonly<Record<string, string>> => ({
  Authorization: `Bearer ${secret}`,
  "Accept-Language": document.documentElement.lang,
});
