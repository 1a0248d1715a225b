/** Hands a file to the browser's downloads. */

import { nameOfFile } from './names.ts';

/** A file as it is. */
export const downloadFile = (file: File): void => download(file.name, file);

/** @param content text or bytes of the file */
export function download(name: string, content: string | Blob, type = 'text/plain'): void {
  const blob = typeof content === 'string' ? new Blob([content], { type: `${type};charset=utf-8` }) : content;
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = nameOfFile(name);
  link.click();
  // The download reads the address later than this task.
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
