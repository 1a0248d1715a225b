/** A token with its spaces drawn: a box for one that stands alone, a dot for one that a word begins with. */
export function TokenText({ text }: { text: string }) {
  const [spaces] = /^ */.exec(text) ?? [''];
  if (spaces === '') return text;
  const rest = text.slice(spaces.length);
  return (
    <>
      <span className={rest === '' ? 'space-alone' : 'space-before'}>{spaces}</span>
      {rest}
    </>
  );
}
