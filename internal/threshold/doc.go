// Package threshold reads k6's threshold language: expressions such as
// "p(95)<500" and the names of the metrics and submetrics they are set on,
// such as "http_req_duration{name:checkout}". It knows which metrics are k6's own.
//
// It accepts what k6 v1.8 accepts and means by it what k6 means, so that a
// verdict here can be held against k6's own. It knows nothing of samples: it
// says which statistic an expression asks for and judges a number it is given.
package threshold
