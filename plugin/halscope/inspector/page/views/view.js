// Which view is shown.
import { signal } from "@preact/signals";

/** The view that is shown, by name. */
export const view = signal(localStorage.getItem("view") ?? "Sprites");
