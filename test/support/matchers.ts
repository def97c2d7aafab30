/** jest's matchers with the type of what they stand for. */
export const aString = expect.any(String) as string;
export const aNumber = expect.any(Number) as number;
export const like = (pattern: RegExp): string => expect.stringMatching(pattern) as string;
export const holding = <T extends object>(fields: T): T => expect.objectContaining(fields) as T;
export const containing = (part: string): string => expect.stringContaining(part) as string;

export const aTime = like(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
export const aTaskId = like(/^t-[0-9a-f]{32}$/);
export const aUuid = like(/^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/);
