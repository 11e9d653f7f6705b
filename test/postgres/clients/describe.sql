\d
\d accounts
\d+ orders
\dt+
\di
\dv+
\df
\dn+
\du
\l
\dp
\dT
\ds
\d+ rich
\dx
\dO
\dF
\db
\dD
\dew
\drds
\dconfig work_mem
\sv rich
\ddp
\dA
\dC
\do
\da
\dc
\dl
\dy
\dRp
\dRs
\dL
\dX
\dE
\des
\det
\deu
\dFd
\dFp
\dFt
\dAc
\dAf
\dAo
\dAp
\dm
\dP
\dg+
\dd
\dti
