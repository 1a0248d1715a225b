/** A chart on the page as a picture that stands alone: SVG with all styles written out, title and key; PNG from it. */

import { textInPicture } from './names.ts';

export interface PictureKey {
  readonly label: string;
  /** A CSS colour; variables of the page are resolved. */
  readonly colour: string;
  readonly dash: string | undefined;
}

export interface PictureText {
  readonly title: string;
  /** Dimmed words below the title; long ones take several lines. */
  readonly note: string;
  readonly key: readonly PictureKey[];
}

const copied = [
  'fill',
  'fill-opacity',
  'stroke',
  'stroke-width',
  'stroke-dasharray',
  'stroke-opacity',
  'stroke-linejoin',
  'font-size',
  'font-family',
  'font-weight',
  'text-anchor',
  'opacity',
] as const;

/** Entries of the key that a picture shows at most: a canvas has a largest height. */
const mostEntries = 60;
const margin = 14;
const titleHeight = 34;
const rowHeight = 18;
/** About the width of a character at 12 px. */
const characterWidth = 6.6;
const namespace = 'http://www.w3.org/2000/svg';

/** The SVG text of a chart. Elements marked `data-export="skip"` are left out. Throws if `within` holds no chart. */
export function svgOf(within: Element, { title, note, key: whole }: PictureText): string {
  const key = shortened(whole);
  const source = within.querySelector<SVGSVGElement>('svg.recharts-surface, svg[data-picture]');
  if (!source) throw new Error('svgOf: expected a chart, got an element without one');
  const { width, height } = source.getBoundingClientRect();
  const words = linesOf(note, Math.floor(width / characterWidth));
  const headHeight = titleHeight + words.length * rowHeight;
  const style = getComputedStyle(within);
  const ink = style.color;
  const picture = element('svg', {
    xmlns: namespace,
    width: width + 2 * margin,
    height: headHeight + height + key.length * rowHeight + 2 * margin,
    'font-family': style.fontFamily,
    'font-size': 12,
  });
  picture.append(
    element('rect', { width: '100%', height: '100%', fill: style.getPropertyValue('--mantine-color-body').trim() }),
    element('text', { x: margin, y: margin + 14, 'font-size': 15, 'font-weight': 600, fill: ink }, title),
  );
  for (const [row, line] of words.entries()) {
    const y = titleHeight + 14 + row * rowHeight;
    picture.append(element('text', { x: margin, y, fill: ink, 'fill-opacity': 0.75 }, line));
  }
  const chart = withStyles(source);
  chart.setAttribute('x', String(margin));
  chart.setAttribute('y', String(headHeight));
  chart.setAttribute('width', String(width));
  chart.setAttribute('height', String(height));
  picture.append(chart);
  for (const [row, { label, colour, dash }] of key.entries()) {
    const y = headHeight + height + margin + row * rowHeight + 6;
    const stroke = colour.replace(/^var\((.*)\)$/, (_, name: string) => style.getPropertyValue(name).trim());
    const mark = { x1: margin + 6, x2: margin + 30, y1: y - 4, y2: y - 4, stroke, 'stroke-width': 2.5 };
    picture.append(
      element('line', dash ? { ...mark, 'stroke-dasharray': dash } : mark),
      element('text', { x: margin + 38, y, fill: ink }, label),
    );
  }
  return new XMLSerializer().serializeToString(picture);
}

/** The first entries of a key, and how many more there are. */
function shortened(key: readonly PictureKey[]): readonly PictureKey[] {
  if (key.length <= mostEntries) return key;
  const rest = key.length - mostEntries + 1;
  return [...key.slice(0, mostEntries - 1), { label: `and ${rest} more lines`, colour: 'none', dash: undefined }];
}

/** A PNG of an SVG text, `scale` pixels per CSS pixel. */
export async function pngOf(svg: string, scale = 2): Promise<Blob> {
  const image = new Image();
  image.src = URL.createObjectURL(new Blob([svg], { type: 'image/svg+xml' }));
  try {
    await image.decode();
    const canvas = document.createElement('canvas');
    canvas.width = Math.ceil(image.naturalWidth * scale);
    canvas.height = Math.ceil(image.naturalHeight * scale);
    const context = canvas.getContext('2d');
    if (!context) throw new Error('pngOf: expected a canvas to draw on, got none');
    context.drawImage(image, 0, 0, canvas.width, canvas.height);
    return await new Promise((resolve, reject) => {
      canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error('pngOf: expected a picture, got none'))));
    });
  } finally {
    URL.revokeObjectURL(image.src);
  }
}

/** A copy of an element with the styles that the page's sheets give it written into it. */
function withStyles(source: Element): Element {
  const copy = source.cloneNode(false) as Element;
  for (const { name, value } of copy.attributes) copy.setAttribute(name, textInPicture(value));
  copy.removeAttribute('class');
  const computed = getComputedStyle(source);
  for (const name of copied) {
    const value = computed.getPropertyValue(name);
    if (value !== '') copy.setAttribute(name, value);
  }
  copy.removeAttribute('style');
  for (const child of source.childNodes) {
    if (child instanceof Element) {
      if (child.getAttribute('data-export') !== 'skip') copy.append(withStyles(child));
    } else if (child instanceof Text) copy.append(textInPicture(child.data));
  }
  return copy;
}

/** A text in lines of at most about `most` characters, broken at spaces. */
function linesOf(text: string, most: number): string[] {
  const lines = [''];
  for (const word of text.split(' ')) {
    const last = lines[lines.length - 1];
    if (last === '') lines[lines.length - 1] = word;
    else if (last.length + 1 + word.length <= most) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}

function element(name: string, attributes: Record<string, string | number>, text = ''): SVGElement {
  const made = document.createElementNS(namespace, name);
  for (const [attribute, value] of Object.entries(attributes)) {
    made.setAttribute(attribute, textInPicture(String(value)));
  }
  made.textContent = textInPicture(text);
  return made;
}
