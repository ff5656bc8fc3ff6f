import { signal } from "@preact/signals";
/** The block that is shown large. */
export const opened = signal(/** @type {{codec: string, offset: number} | null} */ (null));
