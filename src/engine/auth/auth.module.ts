import { Module } from '@nestjs/common';
import { JwtModule } from '@nestjs/jwt';
import { ApiKeys } from './api-keys.js';
import { AuthService } from './auth.service.js';
import { MtlsGuard } from './mtls.guard.js';
import { OAuth2Guard } from './oauth2.guard.js';
import { OAuthTokenService } from './oauth-token.service.js';
import { Policy } from './policy.js';
import { RevocationList } from './revocation.js';
import { TokenIssuer } from './token-issuer.js';
import { TokenVerifier } from './token-verifier.js';

/** Who is calling and what may he do. Needs the configuration classes and a {@link Clock} from global modules. */
@Module({
  imports: [JwtModule.register({})],
  providers: [
    ApiKeys,
    AuthService,
    MtlsGuard,
    OAuth2Guard,
    OAuthTokenService,
    Policy,
    RevocationList,
    TokenIssuer,
    TokenVerifier,
  ],
  exports: [
    ApiKeys,
    AuthService,
    OAuth2Guard,
    OAuthTokenService,
    Policy,
    RevocationList,
    TokenIssuer,
    TokenVerifier,
  ],
})
export class AuthModule {}
