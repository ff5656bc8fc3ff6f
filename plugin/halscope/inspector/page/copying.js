// To the clipboard: text, and pictures as PNG.
import { signal } from "@preact/signals";

/** What was copied last, or why not. */
export const copied = signal("");

/** @param {string} what @param {() => Promise<void>} copy */
async function told(what, copy) {
  try {
    await copy();
    copied.value = `copied ${what}`;
  } catch (error) {
    copied.value = `not copied: ${/** @type {Error} */ (error).message}`;
  }
}

/** @param {string} what for the user @param {string} text */
export function copyText(what, text) {
  return told(what, () => navigator.clipboard.writeText(text));
}

/**
 * Copy a part of a picture as it is, without marks.
 * @param {string} what for the user
 * @param {ImageData} image
 * @param {number} x @param {number} y @param {number} width @param {number} height
 */
export function copyPicture(what, image, x = 0, y = 0, width = image.width, height = image.height) {
  return told(what, async () => {
    const canvas = document.createElement("canvas");
    canvas.width = width;
    canvas.height = height;
    canvas.getContext("2d")?.putImageData(image, -x, -y);
    const blob = await new Promise((resolve) => canvas.toBlob(resolve));
    await navigator.clipboard.write([new ClipboardItem({ "image/png": blob })]);
  });
}

/** @param {Uint8Array} bytes */
export function hexText(bytes) {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
}
