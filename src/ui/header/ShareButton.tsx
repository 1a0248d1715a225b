/** Copies the link to the configuration and view on show. */
import { ActionIcon, Tooltip } from '@mantine/core';
import { useClipboard } from '@mantine/hooks';
import { corpusKind } from '../../config/corpusKinds.ts';
import { currentLink } from '../../store/address.ts';
import { useConfiguration } from '../../store/configuration.ts';
import { CheckIcon, LinkIcon } from '../icons.tsx';

export function ShareButton() {
  const { copy, copied, error } = useClipboard({ timeout: 2000 });
  const ownText = useConfiguration((state) => corpusKind(state.experiment.data.corpus).isOwn);
  const hint = ownText ? 'Copy link (your own text is not part of it)' : 'Copy link to this configuration';
  const label = error ? 'Copying was refused: the link is in the address bar' : copied ? 'Link copied' : hint;
  return (
    <Tooltip label={label} withArrow>
      <ActionIcon variant="default" size={30} aria-label={label} onClick={() => copy(currentLink())}>
        {copied ? <CheckIcon /> : <LinkIcon />}
      </ActionIcon>
    </Tooltip>
  );
}
