/** Limits that the page and the engine share. */

/** Largest text of one's own, in bytes: larger ones would not fit a worker's memory several times over. */
export const maximumTextBytes = 20_000_000;
