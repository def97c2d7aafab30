/** Port: encrypts what others have entrusted to the gateway (credentials of remote agents, webhook secrets) for its storage. */
export abstract class SecretBox {
  /** @throws GatewayError CONFLICT when no key is configured and none may be made */
  abstract seal(text: string): string;
  /** @throws Error when none of the keys opens it */
  abstract open(sealed: string): string;
}
