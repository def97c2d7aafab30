import { z } from 'zod';
import { checkName } from '../core/text.js';
import type { Kind } from './kinds.js';

function isName(value: string): boolean {
  try {
    checkName('name', value);
    return true;
  } catch {
    return false;
  }
}

/** A name that others will see (node, namespace, client): what the APIs accept as one. */
export const name: Kind<string> = {
  schema: z.string().refine(isName),
  allowed: '1 to 128 characters without control or bidirectional-override characters',
};
