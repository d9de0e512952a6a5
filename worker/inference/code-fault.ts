/** Tells a mistake in a handler's code from a refusal of what it was given. */

const mistakes = [
  /^ReferenceError\b/,
  // A text that is not a URL, and a network that is down, are reported by the same class.
  /^TypeError\b(?! \[ERR_INVALID_URL\]|: Invalid URL|: fetch failed)/,
  /^RangeError: Maximum call stack size exceeded/,
  // Of a module that is imported late. JSON that cannot be parsed is a matter of the input.
  /^SyntaxError\b(?!.*\n\s+at JSON\.parse\b)/s,
  /^\w+ \[ERR_(MODULE_NOT_FOUND|UNSUPPORTED_DIR_IMPORT|PACKAGE_PATH_NOT_EXPORTED|UNKNOWN_FILE_EXTENSION|\w+_TYPESCRIPT_SYNTAX)\]/,
];

/** Whether an error with this stack comes from a mistake that no input can make good. */
export function isCodeFault(stack: string): boolean {
  return mistakes.some((mistake) => mistake.test(stack));
}
