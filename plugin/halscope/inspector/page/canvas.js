// Canvases that are painted once a frame.
import { useEffect, useRef } from "preact/hooks";
import { effect } from "@preact/signals";
import { onPaint } from "./memory.js";

/**
 * A reference to a canvas whose pixels `painter` draws: at each frame, and when a signal that it reads has changed.
 * @param {(context: CanvasRenderingContext2D, canvas: HTMLCanvasElement) => void} painter
 * @param {unknown[]} inputs values besides signals that it depends on
 */
export function usePainted(painter, inputs = []) {
  const reference = useRef(/** @type {HTMLCanvasElement | null} */ (null));
  useEffect(() => {
    const canvas = reference.current;
    const context = canvas?.getContext("2d");
    if (!canvas || !context) return undefined;
    const draw = () => painter(context, canvas);
    const stopEffect = effect(draw);
    const stopPaint = onPaint(draw);
    return () => {
      stopEffect();
      stopPaint();
    };
  }, inputs);
  return reference;
}

/**
 * Give a canvas a size in pixels, if it has another.
 * @param {HTMLCanvasElement} canvas
 * @param {number} width
 * @param {number} height
 */
export function resize(canvas, width, height) {
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
}

/**
 * The pixel of a canvas at a pointer event.
 * @param {PointerEvent | MouseEvent} event
 */
export function pixelAt(event) {
  const canvas = /** @type {HTMLCanvasElement} */ (event.currentTarget);
  const box = canvas.getBoundingClientRect();
  return {
    x: Math.floor(((event.clientX - box.left) * canvas.width) / box.width),
    y: Math.floor(((event.clientY - box.top) * canvas.height) / box.height),
  };
}

/**
 * Frame a rectangle, visible on any ground.
 * @param {CanvasRenderingContext2D} context
 * @param {number} x
 * @param {number} y
 * @param {number} width
 * @param {number} height
 * @param {string} colour
 */
export function outline(context, x, y, width, height, colour) {
  context.lineWidth = 1;
  context.strokeStyle = "#000";
  context.strokeRect(x - 0.5, y - 0.5, width + 1, height + 1);
  context.strokeStyle = colour;
  context.strokeRect(x + 0.5, y + 0.5, width - 1, height - 1);
}
