// Groups the samples of k6's JSON by metric, tags and second with DuckDB, and
// prints what it took: node -e SCRIPT FOLDER-OF-NPM FILE.
//
// The form is the fastest of those that were tried: the columns are declared, so
// that nothing is sniffed, and tags are compared as text; as a MAP they take more
// than twice the time, and untyped JSON columns about as much. The starts of Node
// and of DuckDB are not counted.
'use strict';
const {createRequire} = require('node:module');
const [, folder, file] = process.argv;
const {DuckDBInstance, version} = createRequire(`${folder}/`)('@duckdb/node-api');

const query = `
  SELECT count(*), sum(points) FROM (
    SELECT metric, data.tags AS tags, date_trunc('second', data.time) AS second,
      count(*) AS points, sum(data.value), min(data.value), max(data.value)
    FROM read_json('${file.replaceAll("'", "''")}', format = 'newline_delimited',
      columns = {metric: 'VARCHAR', type: 'VARCHAR',
        data: 'STRUCT(time TIMESTAMP, value DOUBLE, tags VARCHAR)'})
    WHERE type = 'Point'
    GROUP BY ALL)`;

async function main() {
  const connection = await (await DuckDBInstance.create(':memory:')).connect();
  const start = process.hrtime.bigint();
  const [[groups, points]] = (await connection.runAndReadAll(query)).getRows();
  const nanoseconds = process.hrtime.bigint() - start;
  console.log(JSON.stringify({
    nanoseconds: Number(nanoseconds), points: Number(points), groups: Number(groups), version: version(),
  }));
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
