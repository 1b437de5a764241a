/** A value that waits until it has been left alone for a while. */
import { useEffect, useState } from 'react';

/** The first value comes at once, each later one `delay` milliseconds after the last change. Compared with `===`. */
export function useDebounced<T>(value: T, delay: number): T {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), delay);
    return () => clearTimeout(timer);
  }, [value, delay]);
  return settled;
}
