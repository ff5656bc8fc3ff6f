// What rests while the page is hidden: a browser paints nothing then, and nobody looks.

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
