// What rests while the page is hidden, or while it is scrolled away: a browser paints nothing then, and nobody looks.
import { useEffect, useState } from "preact/hooks";

/**
 * Call a function when the page is shown again, until the function that is returned is called.
 * @param {() => unknown} call
 */
export function onShown(call) {
  const look = () => void (document.hidden || call());
  document.addEventListener("visibilitychange", look);
  return () => document.removeEventListener("visibilitychange", look);
}

/**
 * Call a function again and again while the page is not hidden, and at once when it is shown again, until the function that is
 * returned is called.
 * @param {() => unknown} call
 * @param {number} milliseconds between two calls
 */
export function repeat(call, milliseconds) {
  const timer = setInterval(() => void (document.hidden || call()), milliseconds);
  const forget = onShown(call);
  return () => {
    clearInterval(timer);
    forget();
  };
}

/**
 * Whether an element was ever in sight.
 * @param {{current: Element | null}} place
 */
export function useSeen(place) {
  const [seen, setSeen] = useState(false);
  useEffect(() => {
    if (seen || place.current === null) return undefined;
    const watch = new IntersectionObserver((found) => {
      if (found.some((one) => one.isIntersecting)) setSeen(true);
    });
    watch.observe(place.current);
    return () => watch.disconnect();
  }, [seen]);
  return seen;
}
