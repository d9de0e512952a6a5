/** Keeps passwords out of errors that repeat what was typed. */

/** `text` with every URL cut to its scheme: a URL in an unexpected place cannot be parsed for its password. */
export function hideUrls(text: string): string {
  return text.replace(/([a-z][a-z0-9+.-]*:\/\/)[^\s'"]*/gi, '$1...');
}
