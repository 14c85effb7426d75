/**
 * A server for Yjs documents: stock {@code yjs} and {@code y-websocket} clients meet in rooms,
 * every edit is stored before others see it. Read {@link dev.tidewire.sync.yjs.YjsOptions} first,
 * then {@link dev.tidewire.sync.yjs.YjsStore}; {@link dev.tidewire.sync.yjs.YjsUpdates} is the
 * update format for whoever wants to handle documents in Java. The package-private rest is the way
 * of an edit: {@code YjsClient}, {@code YjsRoom}, {@code YjsLog}, {@code YjsOutlet}, and to other
 * nodes {@code YjsPeers}, {@code PeerNews}, {@code YjsNodes}.
 */
@NullMarked
package dev.tidewire.sync.yjs;

import org.jspecify.annotations.NullMarked;
