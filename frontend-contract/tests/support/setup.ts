import { cleanup, configure } from '@testing-library/react';
import { afterEach } from 'vitest';

/** Paragon's tabs watch their width; in jsdom nothing has one. */
class StillObserver implements ResizeObserver {
  observe() {}

  unobserve() {}

  disconnect() {}
}
globalThis.ResizeObserver ??= StillObserver;

// A form is asked about 400 ms after the last change, and the machine may be busy: the usual second is too short.
configure({ asyncUtilTimeout: 15_000 });

afterEach(cleanup);
