/**
 * What the Clojure libraries make public, by namespace: of Manifold 0.5.0, byte-streams 0.3.4, Aleph 0.9.10, Ring 1.15.5 with
 * ring-codec 1.3.0, ring-headers 0.4.0, ring-ssl 0.4.0, ring-json 0.5.1, ring-anti-forgery 1.4.0, ring-defaults 0.7.1, ring-mock 0.6.2
 * and ring-session-timeout 0.3.0; of clj-http what its documentation names.
 */
export const clojureNames: Readonly<Record<string, string>> = {
  "aleph.flow":
    "instrumented-pool acquire release dispose instrumented-executor utilization-executor fixed-thread-executor",
  "aleph.http":
    "start-server register-connection-stats-callback unregister-connection-stats-callback connection-pool websocket-client websocket-connection websocket-ping websocket-close! request cancel-request! get post put patch options trace head delete connect get-all wrap-ring-async-handler file",
  "aleph.http.client-middleware":
    "wrap-nested-params error-status-deferred handle-error-status wrap-method handle-redirects wrap-content-type wrap-accept wrap-accept-encoding wrap-query-params wrap-basic-auth wrap-oauth wrap-user-info wrap-form-params wrap-url wrap-request-timing wrap-cookies wrap-request-debug wrap-request",
  "aleph.http.multipart": "is-multipart? decode-request",
  "aleph.netty":
    "release acquire set-logger! default-shutdown-timeout default-connect-timeout append-to-buf! to-byte-buf to-byte-buf-stream pipeline-initializer remove-if-present ->application-protocol-name application-protocol-config ssl-client-context ssl-server-context self-signed-ssl-context insecure-ssl-client-context AlephServer dns-resolver-group-builder dns-resolver-group ssl-handler close-on-idle-handler add-idle-handlers port wait-for-close",
  "aleph.tcp": "TcpConnection start-server client",
  "aleph.udp": "UdpPacket socket",
  "clj-commons.byte-streams":
    "conversions inverse-conversions src->dst->transfer seq-of stream-of vector-of type-descriptor def-conversion def-transfer conversion-path convert possible-conversions conversion-cost transfer dev-null optimized-transfer? print-bytes to-byte-buffer to-byte-buffers to-byte-array to-byte-arrays to-input-stream to-data-input-stream to-output-stream to-char-sequence to-readable-channel to-string to-reader to-line-seq to-byte-source to-byte-sink compare-bytes bytes=",
  "clj-http.client":
    "json-encode json-decode form-decode url-encode-illegal-characters parse-url unparse-url unexceptional-status? success? missing? conflict? redirect? client-error? server-error? wrap-exceptions follow-redirect wrap-redirects decompress-body wrap-decompression coerce-response-body coerce-json-body coerce-form-urlencoded-body coerce-content-type wrap-output-coercion wrap-input-coercion get-headers-from-body wrap-additional-header-parsing content-type-value wrap-content-type wrap-accept accept-encoding-value wrap-accept-encoding detect-charset generate-query-string wrap-query-params basic-auth-value wrap-basic-auth wrap-oauth parse-user-info wrap-user-info wrap-method coerce-form-params wrap-form-params wrap-nested-params wrap-flatten-nested-params wrap-url wrap-unknown-host wrap-lower-case-headers wrap-request-timing default-middleware *current-middleware* wrap-request request check-url! get head post put delete options copy move patch with-middleware with-additional-middleware with-connection-pool reuse-pool with-async-connection-pool",
  "manifold.bus": "IEventBus publish! subscribe downstream active? topic->subscribers Wrapper event-bus",
  "manifold.debug":
    "*dropped-error-logging-enabled?* enable-dropped-error-logging! disable-dropped-error-logging! *leak-aware-deferred-rate* set-leak-aware-deferred-rate! dropped-errors log-dropped-error! with-dropped-error-detection",
  "manifold.deferred":
    "Deferrable IDeferred ADeferred realized? on-realized deferred? deferrable? ->deferred IDeferredListener Listener listener IMutableDeferred success! error! claim! add-listener! cancel-listener! SuccessDeferred ErrorDeferred deferred success-deferred error-deferred unwrap' unwrap connect onto future-with future chain' chain catch' catch finally' finally zip' zip alt' alt timeout! Recur recur loop let-flow let-flow'",
  "manifold.executor":
    "executor-thread-local executor with-executor thread-factory stats->map instrumented-executor fixed-thread-executor utilization-executor register-wait-pool-stats-callback unregister-wait-pool-stats-callback register-execute-pool-stats-callback unregister-execute-pool-stats-callback",
  "manifold.go-off": "<! <!? go-off-with go-off",
  "manifold.stream":
    "sinkable? sourceable? ->sink ->source SinkProxy SourceProxy source-only sink-only onto stream? source? sink? description downstream weak-handle synchronous? close! closed? on-closed drained? on-drained put! put-all! try-put! take! try-take! connect stream stream* SplicedStream splice Callback consume consume-async connect-via drain-into stream->seq periodically transform map realize-each zip filter reductions reduce mapcat lazily-partition-by concat BufferedStream buffered-stream buffer batch throttle dropping-stream sliding-stream def-source def-sink connect-via-proxy",
  "manifold.time":
    "nanoseconds microseconds milliseconds seconds minutes hours days hz format-duration floor add IClock IMockClock scheduled-executor->clock mock-clock *clock* with-clock in every at",
  "ring.adapter.jetty": "run-jetty",
  "ring.core.protocols": "StreamableResponseBody",
  "ring.handler.dump": "handle-dump",
  "ring.middleware.absolute-redirects": "absolute-redirects-response wrap-absolute-redirects",
  "ring.middleware.anti-forgery": "wrap-anti-forgery *anti-forgery-token*",
  "ring.middleware.anti-forgery.encrypted-token": "encrypted-token",
  "ring.middleware.anti-forgery.session": "SessionStrategy session-strategy",
  "ring.middleware.anti-forgery.strategy": "Strategy",
  "ring.middleware.authorization": "authorization-request wrap-authorization",
  "ring.middleware.content-length": "SizableResponseBody content-length-response wrap-content-length",
  "ring.middleware.content-type": "content-type-response wrap-content-type",
  "ring.middleware.cookies": "CookieInterval CookieDateTime cookies-request cookies-response wrap-cookies",
  "ring.middleware.default-charset": "default-charset-response wrap-default-charset",
  "ring.middleware.defaults":
    "default-session-store api-defaults secure-api-defaults site-defaults secure-site-defaults wrap-defaults",
  "ring.middleware.file": "file-request wrap-file",
  "ring.middleware.file-info": "file-info-response wrap-file-info",
  "ring.middleware.flash": "flash-request flash-response wrap-flash",
  "ring.middleware.head": "head-request head-response wrap-head",
  "ring.middleware.json":
    "default-malformed-response json-body-request wrap-json-body json-params-request wrap-json-params JsonStreamingResponseBody json-response wrap-json-response",
  "ring.middleware.keyword-params": "keyword-params-request wrap-keyword-params",
  "ring.middleware.lint": "wrap-lint",
  "ring.middleware.multipart-params":
    "parse-multipart-params multipart-params-request content-too-large-handler wrap-multipart-params",
  "ring.middleware.multipart-params.byte-array": "byte-array-store",
  "ring.middleware.multipart-params.temp-file": "temp-file-store",
  "ring.middleware.nested-params": "parse-nested-keys nested-params-request wrap-nested-params",
  "ring.middleware.not-modified": "not-modified-response wrap-not-modified",
  "ring.middleware.params": "assoc-query-params assoc-form-params params-request wrap-params",
  "ring.middleware.proxy-headers": "forwarded-remote-addr-request wrap-forwarded-remote-addr",
  "ring.middleware.reload": "wrap-reload",
  "ring.middleware.resource": "resource-request wrap-resource",
  "ring.middleware.session": "session-request session-response wrap-session",
  "ring.middleware.session-timeout": "wrap-idle-session-timeout wrap-absolute-session-timeout",
  "ring.middleware.session.cookie": "CookieStore cookie-store",
  "ring.middleware.session.memory": "MemoryStore memory-store",
  "ring.middleware.session.store": "SessionStore",
  "ring.middleware.ssl":
    "default-scheme-header forwarded-scheme-request wrap-forwarded-scheme ssl-redirect-response wrap-ssl-redirect hsts-response wrap-hsts",
  "ring.middleware.stacktrace": "wrap-stacktrace-log wrap-stacktrace-web wrap-stacktrace",
  "ring.middleware.x-headers":
    "frame-options-response wrap-frame-options content-type-options-response wrap-content-type-options xss-protection-response wrap-xss-protection",
  "ring.mock.request":
    "header cookie content-type content-length query-string body json-body multipart-body default-port request",
  "ring.util.anti-forgery": "anti-forgery-field",
  "ring.util.async": "raising",
  "ring.util.codec":
    "assoc-conj percent-encode percent-decode url-encode url-decode base64-encode base64-decode form-encode form-decode-str form-decode-map form-decode",
  "ring.util.io": "piped-input-stream string-input-stream close! last-modified-date",
  "ring.util.mime-type": "default-mime-types ext-mime-type",
  "ring.util.parsing": "re-token re-quoted re-value re-charset find-content-type-charset",
  "ring.util.request":
    "request-url content-type content-length character-encoding urlencoded-form? body-string path-info in-context? set-context",
  "ring.util.response":
    "redirect-status-codes redirect redirect-after-post created bad-request not-found response status header file-response content-type find-header get-header update-header charset get-charset set-cookie response? resource-data url-response resource-response",
  "ring.util.test": "string-input-stream",
  "ring.util.time": "parse-date format-date",
  "ring.websocket": "open? send ping pong close upgrade-request? websocket-response? request-protocols",
  "ring.websocket.keepalive": "wrap-websocket-keepalive websocket-keepalive-response",
  "ring.websocket.protocols": "Listener PingListener Socket AsyncSocket",
};

/** The options of requests that clj-http and Aleph document, and those of Aleph's pools. */
export const clojureOptions: string =
  "url method request-method scheme host server-name port server-port uri query-string query-params multi-param-style " +
  "form-params form-param-encoding ignore-nested-query-string flatten-nested-form-params flatten-nested-keys headers " +
  "content-type character-encoding accept accept-encoding basic-auth digest-auth ntlm-auth oauth-token user-info body " +
  "length body-encoding multipart multipart-mode multipart-charset mime-subtype cookies cookie-store cookie-spec " +
  "cookie-policy decode-cookies as coerce json-opts transit-opts follow-redirects max-redirects force-redirects " +
  "redirect-strategy allow-circular-redirects allow-relative-redirects validate-redirects throw-exceptions " +
  "throw-entire-message unexceptional-status retry-handler save-request debug debug-body pool middleware " +
  "response-executor pool-timeout connection-timeout request-timeout read-timeout socket-timeout conn-timeout " +
  "connection-request-timeout conn-request-timeout cache cache-config decompress-body decode-body-headers " +
  "request-interceptor response-interceptor proxy-host proxy-port proxy-user proxy-pass proxy-ignore-hosts " +
  "dns-resolver insecure keystore keystore-type keystore-pass trust-store trust-store-type trust-store-pass " +
  "key-managers trust-managers connection-manager http-client http-client-context http-request-config http-builder-fns " +
  "async-http-builder-fns normalize-uri local-address raw-stream ignore-unknown-host async respond raise oncancel " +
  "connections-per-host total-connections target-utilization max-queue-size control-period stats-callback dns-options " +
  "pool-builder-fn pool-controller-builder-fn connection-options ssl-context ssl-endpoint-id-alg response-buffer-size " +
  "keep-alive connect-timeout idle-timeout max-initial-line-length max-header-size max-chunk-size name-resolver " +
  "proxy-options log-activity http-versions force-h2c transport epoll bootstrap-transform pipeline-transform " +
  "conn-go-away-handler stream-go-away-handler reset-stream-handler tunnel protocol user password http-headers " +
  "name-servers address-types query-timeout min-ttl max-ttl negative-ttl max-queries-per-resolve max-payload-size " +
  "search-domains ndots decode-idn recursion-desired opt-resources-enabled trace-enabled";
