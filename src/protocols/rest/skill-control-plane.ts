import { code, sections } from './markdown.js';
import type { SkillSettings } from './skill-settings.js';

/** Part 3. */
export const controlPlaneChapter = ({ publicUrl }: SkillSettings): string =>
  sections(
    '# Part 3: places, devices and their data',
    `Below \`${publicUrl}/api/v1\` the gateway keeps spaces, zones in them, devices in zones, sensors of devices and what they measure
(Ooder agent protocol V0.6). \`${publicUrl}/openapi.json\` describes every route, where the documentation is on.`,
    code(
      'sh',
      `api=${publicUrl}/api/v1 json='Content-Type: application/json'
curl $api/resources -H "$json" -d '{"resource_id":"plant-1","type":"space","name":"Plant"}'
curl $api/resources -H "$json" -d '{"resource_id":"zone-123","type":"zone","name":"Hall","parent_id":"plant-1"}'
curl $api/devices -H "$json" -d '{"device_id":"thermo-1","name":"Thermostat","type":"thermostat","zone_id":"zone-123"}'
curl $api/sensors -H "$json" -d '{"sensor_id":"temp-1","device_id":"thermo-1","name":"Temperature","type":"temperature","range_min":-20,"range_max":60}'
curl $api/data/report -H "$json" -d '{"data_id":"d-1","device_id":"thermo-1","sensor_id":"temp-1","value":21.5,"quality":"good"}'
curl "$api/data?sensor_id=temp-1&agg=avg&bucket=1m"
curl -N $api/data/stream`,
    ),
    `Writes of resources, devices and sensors need the right \`admin\`, reports and twins (\`/devices/:id/twin/desired\`, \`…/reported\`) \`execute\`.
Ids may be chosen: the same content under the same id again is answered with what is there (\`Idempotent-Replay: true\`), other content with 409.
\`ETag\` and \`If-Match\` carry versions; PATCH merges. Lists: \`?limit=&cursor=&sort=\` → \`{items, next_cursor, total}\`.
Reports take one point or up to 1,000 as \`items\` → \`{accepted, duplicates, rejected}\`; they are on disk when answered, and safe to repeat.
Errors here are \`{code, message, details, timestamp}\`: 3001 unknown (404), 3002 not now (503), 3003 forbidden (403), 3004 wrong (400), 3005 too slow (504), 3006 conflict (409).`,
  );
