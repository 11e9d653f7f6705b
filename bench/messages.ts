/** Ids that the small far side knows, and the requests and answers of the bench. */
export const ids = {
  project: '7d5be9c3-6c6f-4f0e-9d1e-2f6a35d9a001',
  staging: '7d5be9c3-6c6f-4f0e-9d1e-2f6a35d9a002',
  production: '7d5be9c3-6c6f-4f0e-9d1e-2f6a35d9a003',
  service: '7d5be9c3-6c6f-4f0e-9d1e-2f6a35d9a004',
} as const;

/** A read as a client writes it: 300 bytes of JSON. */
export const readBody: string = JSON.stringify({
  query:
    'query environment($id: String!) {\n  environment(id: $id) {\n    id\n    name\n    projectId\n    createdAt\n    updatedAt\n    isEphemeral\n    unmergedChangesCount\n    serviceInstances { edges { node { id serviceName } } }\n  }\n}',
  variables: { id: ids.staging },
}).padEnd(300);

/** Its answer: 300 bytes as well. */
export const readAnswer: string = JSON.stringify({
  data: {
    environment: {
      id: ids.staging,
      name: 'staging',
      projectId: ids.project,
      createdAt: '2026-01-01T00:00:00.000Z',
      updatedAt: '2026-01-01T00:00:00.000Z',
      isEphemeral: false,
      unmergedChangesCount: 0,
      serviceInstances: { edges: [] },
    },
  },
}).padEnd(300);

/** A write that changes a variable, and deploys nothing; its former value is captured first. */
export function writeBody(value: string): string {
  return JSON.stringify({
    query: 'mutation variableUpsert($input: VariableUpsertInput!) {\n  variableUpsert(input: $input)\n}',
    variables: {
      input: {
        projectId: ids.project,
        environmentId: ids.staging,
        serviceId: ids.service,
        name: 'RENTAL_BANNER',
        value,
        skipDeploys: true,
      },
    },
  });
}

/** A whole HTTP/1.1 request by a base URL. */
export function requestText(port: number, path: string, credential: string, body: string): string {
  return `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nContent-Type: application/json\r\nAuthorization: Bearer ${credential}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
}
