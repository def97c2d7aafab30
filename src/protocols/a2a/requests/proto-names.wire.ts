import { isObject, type Json, type JsonObject } from '../../../core/json.js';

/** What stands below these is the sender's own, and passes as it is. */
const OWN = new Set(['metadata', 'data', 'params', 'header']);
const SNAKE = /^[a-z]+(?:_[a-z]+)+$/;

/**
 * JSON of protocol buffers may name its fields as the `.proto` files do (`message_id`) or in lowerCamelCase (`messageId`): readers
 * take both. Here the second becomes the only one.
 */
export function camelFields(value: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(value).map(([name, field]) => [
      SNAKE.test(name) ? camel(name) : name,
      // Data of 0.3 is wrapped in a message of its own: {"data": {"data": {…}}}.
      OWN.has(name) ? field : inside(field),
    ]),
  );
}

const camel = (name: string): string =>
  name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());

function inside(value: Json | undefined): Json | undefined {
  if (Array.isArray(value)) return value.map((item: Json) => inside(item) ?? null);
  return isObject(value) ? camelFields(value) : value;
}
