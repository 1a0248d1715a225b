/** Names that came from anywhere, made fit for where they go: a picture, a file. Pure functions. */

/** What XML 1.0 holds no character for (section 2.2): most control characters, halves of characters, noncharacters. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is replaced
const notInXml = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|\p{Surrogate}/gu;

/** A text as an SVG file can hold it; one that it cannot would make the whole picture unreadable. */
export function textInPicture(text: string): string {
  return text.replace(notInXml, '\ufffd');
}

const longestFileName = 120;

/** The name of a file as every system takes it; what some system does not is a hyphen. */
export function nameOfFile(name: string): string {
  const sound = name.replace(/[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029/\\:*?"<>|]+/gu, '-').replace(/^[. ]+|[. ]+$/g, '');
  const ending = /\.[a-z0-9]{1,12}$/i.exec(sound)?.[0] ?? '';
  const stem = Array.from(sound.slice(0, sound.length - ending.length))
    .slice(0, longestFileName)
    .join('');
  return `${stem || 'file'}${ending}`;
}
